"""Whether a customer may be written to."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from services.notifier.consents.models import Consent
from shared.contracts.consent import Decision, Statement, decide
from shared.work import Work

_REASONS: Final[Mapping[str, str]] = {
    "withdrawn": "the customer does not want {purpose} by {channel} any more",
    "no_consent": "the customer has not agreed to {purpose} by {channel}",
}


async def add(work: Work, customer_id: UUID, statements: Sequence[Statement]) -> None:
    """Keep what was said; what is kept already stays as it is."""
    rows = [
        {
            "account_id": work.account_id,
            "consent_id": statement.consent_id,
            "customer_id": customer_id,
            "purpose": statement.purpose,
            "channel": statement.channel,
            "granted": statement.granted,
            "basis": statement.basis,
            "effective_at": statement.effective_at,
        }
        for statement in statements
    ]
    if rows:
        await work.session.execute(insert(Consent).on_conflict_do_nothing(), rows)


async def statements_of(work: Work, customer_id: UUID) -> list[Statement]:
    mine = select(Consent).where(Consent.account_id == work.account_id, Consent.customer_id == customer_id)
    return [
        Statement(row.consent_id, row.purpose, row.channel, row.granted, row.basis, row.effective_at)
        for row in await work.session.scalars(mine)
    ]


async def decision_for(work: Work, customer_id: UUID, *, purpose: str, channel: str) -> Decision:
    return decide(purpose, channel, await statements_of(work, customer_id))


def refusal(decision: Decision, purpose: str, channel: str) -> str:
    """Why a message was not sent, in words for the account's people."""
    return _REASONS[decision.reason].format(purpose=purpose, channel=channel)


async def forget(work: Work, customer_id: UUID) -> None:
    await work.session.execute(
        delete(Consent).where(Consent.account_id == work.account_id, Consent.customer_id == customer_id)
    )

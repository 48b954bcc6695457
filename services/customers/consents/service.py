"""Writing and reading the consent ledger."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, get_args
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.dialects.postgresql import insert

from services.customers.consents.models import Consent
from services.customers.consents.schemas import ConsentState, NewConsent
from shared.bus.events import Actor
from shared.contracts.consent import (
    ALLOWED_BY_DEFAULT,
    MARKETING,
    ConsentChanged,
    ConsentChannel,
    Statement,
    decide,
)
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.work import Work

# A sender's clock may be ahead of ours.
AHEAD: Final = timedelta(minutes=5)
CHANNELS: Final[tuple[ConsentChannel, ...]] = get_args(ConsentChannel)


async def state(work: Work, customer_id: UUID, body: NewConsent) -> Consent:
    """Add what was said to the ledger. Raises `Unacceptable` for what is yet to be said."""
    effective_at = body.effective_at or work.now
    if effective_at > work.now + AHEAD:
        raise Unacceptable.field("/effective_at", "in_the_future", "This moment lies in the future.")
    written = await write(
        work, new_id(), customer_id,
        purpose=body.purpose, channel=body.channel, granted=body.granted, basis=body.basis,
        text_version=body.text_version, source=body.proof.source,
        proof=body.proof.model_dump(exclude={"source"}, exclude_none=True),
        effective_at=min(effective_at, work.now),
    )  # fmt: skip
    assert written is not None
    return written


async def write(
    work: Work,
    consent_id: UUID,
    customer_id: UUID,
    *,
    purpose: str,
    channel: str,
    granted: bool,
    basis: str,
    text_version: str | None,
    source: str,
    proof: dict[str, Any],
    effective_at: datetime,
    actor: Actor | None = None,
) -> Consent | None:
    """Add a row and tell the others; None if there is one with this id already. `actor`: who, if not who works here.

    `customer_id` may be of a record that was merged: the row goes to who that is now, and back with it.
    """
    statement = insert(Consent).values(
        id=consent_id,
        account_id=work.account_id,
        customer_id=customer_id,
        purpose=purpose,
        channel=channel,
        granted=granted,
        basis=basis,
        text_version=text_version,
        source=source,
        proof=proof,
        actor=str(actor or work.actor),
        effective_at=min(effective_at, work.now),
        recorded_at=work.now,
    )
    row: Consent | None = await work.session.scalar(statement.on_conflict_do_nothing().returning(Consent))
    if row is None:
        return None
    names = ConsentChanged.model_fields.keys() - {"consent_id"}
    fields: dict[str, Any] = {name: getattr(row, name) for name in names}
    work.emit(ConsentChanged(consent_id=row.id, **fields), subject=row.customer_id)
    return row


async def states_of(work: Work, customer_id: UUID) -> list[ConsentState]:
    """What may be done today: for every purpose that has a default or was spoken of, on every channel."""
    rows = (await work.session.scalars(history_of(work, customer_id))).all()
    statements = [as_statement(row) for row in rows]
    purposes = dict.fromkeys([*ALLOWED_BY_DEFAULT, MARKETING, *sorted(row.purpose for row in rows)])
    return [_state(purpose, channel, statements) for purpose in purposes for channel in CHANNELS]


def history_of(work: Work, customer_id: UUID) -> Select[Consent]:
    return select(Consent).where(Consent.account_id == work.account_id, Consent.customer_id == customer_id)


def as_statement(row: Consent) -> Statement:
    return Statement(row.id, row.purpose, row.channel, row.granted, row.basis, row.effective_at)


async def keep_withdrawals(work: Work, rows: Sequence[Consent], moved: Iterable[UUID], *, at: datetime) -> None:
    """Two people turned out to be one: what either of them had withdrawn stays so until they say yes anew.

    `rows` are both ledgers, `moved` the ids of those who were merged into the other at that moment.
    """
    said = [row for row in rows if row.recorded_at <= at]
    theirs = set(moved)
    sides = [[row for row in said if (row.origin_customer_id in theirs) is side] for side in (True, False)]
    for purpose, channel in dict.fromkeys((row.purpose, row.channel) for row in said):
        if not decide(purpose, channel, map(as_statement, said)).allowed:
            continue
        for side in sides:
            decision = decide(purpose, channel, map(as_statement, side))
            withdrawal = next(
                (row for row in side if decision.deciding and row.id == decision.deciding.consent_id), None
            )
            if withdrawal is not None and not decision.allowed:
                owner = withdrawal.origin_customer_id or withdrawal.customer_id
                await write(
                    work, new_id(), owner,
                    purpose=purpose, channel=channel, granted=False, basis=withdrawal.basis,
                    text_version=withdrawal.text_version, source="merge",
                    proof={"note": f"Withdrawn before two records became one ({withdrawal.id})."}, effective_at=at,
                )  # fmt: skip


async def forget(work: Work, customer_id: UUID) -> None:
    """Delete the customer's ledger; only whole ledgers can be deleted, and only by this function of the database."""
    await work.session.execute(select(func.customers.erase_consents(customer_id)))


def _state(purpose: str, channel: ConsentChannel, statements: Sequence[Statement]) -> ConsentState:
    decision = decide(purpose, channel, statements)
    return ConsentState.model_validate(
        {
            "purpose": purpose,
            "channel": channel,
            "allowed": decision.allowed,
            "reason": decision.reason,
            "basis": decision.basis,
            "consent_id": decision.consent_id,
            "since": decision.deciding and decision.deciding.effective_at,
        }
    )

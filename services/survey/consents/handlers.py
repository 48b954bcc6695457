"""What the ledger tells, kept in the order in which it was stated."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import not_, tuple_
from sqlalchemy.dialects.postgresql import insert

from services.survey.consents.models import Consent
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.consent import SURVEYS, ConsentChanged, Statement
from shared.work import Work


async def remember(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Only what is said about surveys matters here."""
    latest: dict[tuple[UUID, str], Statement] = {}
    for event in events:
        said = event.data
        assert isinstance(said, ConsentChanged)
        if said.purpose != SURVEYS:
            continue
        statement = statement_of(said)
        known = latest.get((said.customer_id, said.channel))
        if known is None or statement.is_later_than(known):
            latest[said.customer_id, said.channel] = statement
    if latest:
        await _upsert(work, latest)


async def _upsert(work: Work, latest: dict[tuple[UUID, str], Statement]) -> None:
    rows = [
        {
            "account_id": work.account_id,
            "customer_id": customer_id,
            "purpose": SURVEYS,
            "channel": channel,
            "consent_id": one.consent_id,
            "granted": one.granted,
            "basis": one.basis,
            "effective_at": one.effective_at,
        }
        for (customer_id, channel), one in sorted(latest.items(), key=lambda item: item[0])
    ]
    statement = insert(Consent)
    said = statement.excluded
    # As `Statement.is_later_than`: of two made at once a no is the later.
    is_later = tuple_(Consent.effective_at, not_(Consent.granted), Consent.consent_id) < tuple_(
        said.effective_at, not_(said.granted), said.consent_id
    )
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["account_id", "customer_id", "purpose", "channel"],
            set_={name: said[name] for name in ("consent_id", "granted", "basis", "effective_at")},
            where=is_later,
        ),
        rows,
    )


def statement_of(said: ConsentChanged) -> Statement:
    return Statement(said.consent_id, said.purpose, said.channel, said.granted, said.basis, said.effective_at)

"""What the ledger tells, kept in the order in which it was stated."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import text

from services.survey.encoding import to_json
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.consent import SURVEYS, ConsentChanged, Statement
from shared.work import Work

# As `Statement.is_later_than`: of two made at once a no is the later.
_UPSERT = text("""
    insert into survey.consents as known
    select * from json_populate_recordset(null::survey.consents, cast(:rows as json))
    on conflict (account_id, customer_id, purpose, channel) do update
    set (consent_id, granted, basis, effective_at) = (
        excluded.consent_id, excluded.granted, excluded.basis, excluded.effective_at
    )
    where (known.effective_at, not known.granted, known.consent_id)
        < (excluded.effective_at, not excluded.granted, excluded.consent_id)
""")


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
        rows = [
            {
                "account_id": work.account_id,
                "customer_id": customer_id,
                "purpose": SURVEYS,
                "channel": channel,
                "consent_id": statement.consent_id,
                "granted": statement.granted,
                "basis": statement.basis,
                "effective_at": statement.effective_at,
            }
            for (customer_id, channel), statement in sorted(latest.items(), key=lambda item: item[0])
        ]
        await work.session.execute(_UPSERT, {"rows": to_json(rows).decode()})


def statement_of(said: ConsentChanged) -> Statement:
    return Statement(said.consent_id, said.purpose, said.channel, said.granted, said.basis, said.effective_at)

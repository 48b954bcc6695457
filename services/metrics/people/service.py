"""Who may be computed on: what customers said, what was asked for them, and what follows for their facts.

Every change here holds the rollups' lock alone, so that no fact is written by what was true a moment ago.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, text

from services.metrics.facts.reading import Exclusion
from services.metrics.facts.service import judge
from services.metrics.people.models import Person
from services.metrics.rollups.counting import hold_upkeep
from shared.contracts.consent import ANALYTICS, ANY, ConsentChanged, Statement, decide
from shared.work import Work

_RESTRICT = text(
    """
    insert into metrics.people as known (account_id, person_id, customer_id, version, restricted)
    select :account_id, told.id, told.id, told.version, told.restricted
    from unnest(cast(:ids as uuid[]), cast(:versions as integer[]), cast(:flags as boolean[]))
        as told (id, version, restricted)
    on conflict (account_id, person_id) do update set version = excluded.version, restricted = excluded.restricted
    where known.version < excluded.version
    """
)


async def note_records(work: Work, told: Mapping[UUID, tuple[int, bool]]) -> None:
    """Version of each customer's record, and whether it says they are restricted; older versions change nothing."""
    ids = sorted(told)
    turned = await _turned(work, told)
    if turned:
        await hold_upkeep(work)
    columns = {"ids": ids, "versions": [told[key][0] for key in ids], "flags": [told[key][1] for key in ids]}
    await work.session.execute(_RESTRICT, columns | {"account_id": work.account_id})
    await reconsider(work, turned)


async def note_consents(work: Work, told: Sequence[ConsentChanged]) -> None:
    """Keep each person's latest statement about being computed on."""
    relevant = [each for each in told if each.purpose == ANALYTICS and each.channel == ANY]
    if not relevant:
        return
    await hold_upkeep(work)
    for each in relevant:
        person = await work.session.get(Person, (work.account_id, each.customer_id))
        if person is None:
            person = Person(
                account_id=work.account_id,
                person_id=each.customer_id,
                customer_id=each.customer_id,
                version=0,
                restricted=False,
            )
            work.session.add(person)
        known = _statement(person)
        if known is None or _told(each).is_later_than(known):
            person.consent_id, person.granted = each.consent_id, each.granted
            person.basis, person.effective_at = each.basis, each.effective_at
        await work.session.flush()
    await reconsider(work, {each.customer_id for each in relevant})


async def reconsider(work: Work, ids: Iterable[UUID]) -> None:
    """Work out again whether these customers' facts count, and those of whom they belong to now. Under the lock."""
    ids = set(ids)
    if not ids:
        return
    mine = select(Person).where(Person.account_id == work.account_id)
    found = await work.session.scalars(mine.where(or_(Person.person_id.in_(ids), Person.customer_id.in_(ids))))
    concerned = ids | {person.customer_id for person in found}
    people = (
        await work.session.scalars(
            mine.where(or_(Person.person_id.in_(concerned), Person.customer_id.in_(concerned))).execution_options(
                populate_existing=True
            )
        )
    ).all()
    for customer_id in sorted(concerned):
        exclusion = _exclusion(customer_id, people)
        record = next((person for person in people if person.person_id == customer_id), None)
        if record is None and exclusion is not None:
            record = Person(
                account_id=work.account_id, person_id=customer_id, customer_id=customer_id, version=0, restricted=False
            )
            work.session.add(record)
        if record is not None:
            record.exclusion = exclusion
    await work.session.flush()
    await judge(work, concerned)


def _exclusion(customer_id: UUID, people: Sequence[Person]) -> Exclusion | None:
    """Restriction is the record's own; statements are those of all who belong to the customer."""
    if any(person.restricted for person in people if person.person_id == customer_id):
        return Exclusion.RESTRICTED
    statements = [_statement(person) for person in people if person.customer_id == customer_id]
    said = [statement for statement in statements if statement is not None]
    return None if decide(ANALYTICS, ANY, said).allowed else Exclusion.NO_CONSENT


async def _turned(work: Work, told: Mapping[UUID, tuple[int, bool]]) -> set[UUID]:
    """Those who are said to be restricted and were not known to be, or the other way round."""
    before = select(Person.person_id, Person.restricted).where(
        Person.account_id == work.account_id, Person.person_id.in_(told)
    )
    known: dict[UUID, bool] = {row.person_id: row.restricted for row in await work.session.execute(before)}
    return {key for key, (_, restricted) in told.items() if restricted != known.get(key, False)}


def _statement(person: Person) -> Statement | None:
    if person.consent_id is None or person.effective_at is None:
        return None
    fields: dict[str, Any] = {"consent_id": person.consent_id, "basis": person.basis or ""}
    return Statement(
        **fields, purpose=ANALYTICS, channel=ANY, granted=bool(person.granted), effective_at=person.effective_at
    )


def _told(event: ConsentChanged) -> Statement:
    return Statement(
        consent_id=event.consent_id,
        purpose=event.purpose,
        channel=event.channel,
        granted=event.granted,
        basis=event.basis,
        effective_at=event.effective_at,
    )

"""Responses become feedback, a whole batch in a few statements: millions of them come through here."""

from collections.abc import Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import select, text, tuple_

from services.survey.contacts import directory
from services.survey.contacts.models import Contact
from services.survey.definition.document import Definition
from services.survey.encoding import to_json
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import Row, told, understood
from services.survey.surveys.models import SurveyVersion
from services.survey.surveys.service import definition_of
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.survey import CustomerReference, CustomerSighted, ResponseReceived
from shared.ids import new_id
from shared.work import Work

Responses = Sequence[Event[ResponseReceived]]
_Answered = tuple[SurveyVersion, Definition]

_INSERT = text("""
    insert into survey.feedback
    select * from json_populate_recordset(null::survey.feedback, cast(:rows as json))
    on conflict (account_id, response_id) do nothing
    returning response_id, customer_id, origin_customer_id
""")
# A sighting is named after its response, see `CustomerSighted`.
_SETTLE = text("""
    update survey.feedback f
    set customer_id = s.customer_id, told = true, version = f.version + 1, updated_at = :now
    from json_to_recordset(cast(:sightings as json)) as s(sighting_id uuid, customer_id uuid)
    where f.account_id = :account_id and f.response_id = s.sighting_id and not f.told
    returning f.*
""")


async def understand(work: Work, events: Sequence[Event[Payload]]) -> None:
    """One record for each response. One whose customer is unknown here is told to the others once we know."""
    responses = cast("Responses", events)
    surveys = await _surveys(work, responses)
    people = await _People.named_in(work, [event.data.customer for event in responses])
    made: list[tuple[Event[ResponseReceived], Row]] = []
    for event in responses:
        response = event.data
        survey, definition = surveys[response.survey_id, response.survey_version]
        person = people.find(response.customer)
        row = understood(
            response,
            survey,
            definition,
            feedback_id=new_id(),
            account_id=work.account_id,
            locale=person.locale if person else None,
            now=work.now,
        )
        if response.customer is not None:
            # An id that is not known here may be mistaken or another account's: the customers service says.
            row["customer_id"] = person.customer_id if person else None
            row["told"] = row["customer_id"] is not None
        made.append((event, row))
    rows = to_json([row for _, row in made]).decode()
    inserted = await work.session.execute(_INSERT, {"rows": rows})
    # Whose it is stands in the row: the customer who was named may have been merged into another.
    fresh = {stored.response_id: stored for stored in inserted}
    for event, row in made:
        if (stored := fresh.get(event.data.response_id)) is not None:
            row["customer_id"], row["origin_customer_id"] = stored.customer_id, stored.origin_customer_id
            _because_of(work, event)
            _tell(work, event.data, row)


async def settle(work: Work, events: Sequence[Event[Payload]]) -> None:
    """The customers service says who it was, or that nobody can tell: now the others may hear of it."""
    causes = {
        event.data.sighting_id: event
        for event in events
        if isinstance(event.data, CustomerIdentified | SightingUnresolved)
    }
    sightings = [
        {"sighting_id": sighting_id, "customer_id": _named_by(event.data)} for sighting_id, event in causes.items()
    ]
    values = {"sightings": to_json(sightings).decode(), "account_id": work.account_id, "now": work.now}
    columns = Feedback.__table__.columns
    for row in (await work.session.execute(_SETTLE.columns(*columns), values)).mappings():
        _because_of(work, causes[row["response_id"]])
        work.emit(told(dict(row)), subject=row["id"], version=row["version"])


def _tell(work: Work, response: ResponseReceived, row: Row) -> None:
    if row["told"]:
        work.emit(told(dict(row)), subject=row["id"], version=row["version"])
        return
    assert response.customer is not None
    sighted = CustomerSighted(sighting_id=response.response_id, customer=response.customer)
    work.emit(sighted, subject=response.response_id)


def _named_by(answer: Payload) -> UUID | None:
    """The record whose identity was named; whom that belongs to today, the row finds by itself."""
    if not isinstance(answer, CustomerIdentified):
        return None
    return answer.origin_customer_id or answer.customer_id


def _because_of(work: Work, event: Event[Any]) -> None:
    """Each fact of a batch follows from its own event."""
    work.correlation_id, work.causation_id, work.traceparent = event.correlation_id, event.id, event.traceparent


async def _surveys(work: Work, responses: Responses) -> Mapping[tuple[UUID, int], _Answered]:
    wanted = {(event.data.survey_id, event.data.survey_version) for event in responses}
    statement = select(SurveyVersion).where(
        SurveyVersion.account_id == work.account_id,
        tuple_(SurveyVersion.survey_id, SurveyVersion.version).in_(wanted),
    )
    found = await work.session.scalars(statement)
    return {(version.survey_id, version.version): (version, definition_of(version)) for version in found}


class _People:
    """The customers that a batch names, as far as they are known here."""

    def __init__(self, known: Mapping[tuple[str, object], Contact]) -> None:
        self._known = known

    @classmethod
    async def named_in(cls, work: Work, references: Sequence[CustomerReference | None]) -> "_People":
        named = [reference for reference in references if reference is not None]
        known: dict[tuple[str, object], Contact] = {}
        by_id = await directory.named(work, "customer_id", {reference.id for reference in named if reference.id})
        known |= {("id", key): contact for key, contact in by_id.items()}
        for name in directory.IDENTIFIERS:
            values = {value for reference in named if (value := getattr(reference, name))}
            found = await directory.named(work, name, values)
            known |= {(name, key): contact for key, contact in found.items()}
        return cls(known)

    def find(self, reference: CustomerReference | None) -> Contact | None:
        if reference is None:
            return None
        for name in ("id", *directory.IDENTIFIERS):
            found = self._known.get((name, getattr(reference, name)))
            if found is not None:
                return found
        return None

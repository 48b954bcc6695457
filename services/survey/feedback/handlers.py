"""Responses become feedback, a whole batch in a few statements: millions of them come through here."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, cast
from uuid import UUID

from sqlalchemy import Boolean, column, delete, select, text, tuple_

from services.survey.consents import stating
from services.survey.contacts.people import People
from services.survey.definition.document import Definition
from services.survey.emerging import service as emerging
from services.survey.encoding import to_json
from services.survey.external_models import service as external_models
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import Row, told, understood
from services.survey.invitations import answering
from services.survey.learning.reading import reader_of
from services.survey.responses.anonymity import coarse, random_id
from services.survey.responses.models import Response
from services.survey.surveys.models import SurveyVersion
from services.survey.surveys.service import definition_of
from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.contracts.customers import CustomerIdentified, SightingUnresolved
from shared.contracts.feedback import FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.contracts.survey import CustomerSighted, ResponseReceived, ResponseWithdrawn
from shared.ids import new_id
from shared.work import Work

Responses = Sequence[Event[ResponseReceived]]
_WAS_COMPLETED = column("was_completed", Boolean)
_WAS_TOLD = column("was_told", Boolean)
_Answered = tuple[SurveyVersion, Definition]

# What colleagues corrected stays as long as the words are the same. The inner select sees the row as it was.
_UPSERT = text("""
    insert into survey.feedback as known
    select * from json_populate_recordset(null::survey.feedback, cast(:rows as json))
    on conflict (account_id, response_id) do update set
        version = known.version + 1, revision = excluded.revision, completed = excluded.completed,
        scheme = excluded.scheme, score = excluded.score, minimum = excluded.minimum, maximum = excluded.maximum,
        reversed = excluded.reversed, normalised = excluded.normalised, band = excluded.band,
        text = excluded.text, language = excluded.language, dimensions = excluded.dimensions,
        screened_out = excluded.screened_out, suspicious = excluded.suspicious, updated_at = excluded.updated_at,
        ratings = excluded.ratings,
        customer_id = coalesce(known.customer_id, excluded.customer_id),
        (sentiment_label, sentiment_score, sentiment_method, sentiment_evidence, sentiment_model, sentiment_mixed,
            urgency_label, urgency_evidence, topics) = (
            select kept.* from (values
                (true, known.sentiment_label, known.sentiment_score, known.sentiment_method,
                    known.sentiment_evidence, known.sentiment_model, known.sentiment_mixed,
                    known.urgency_label, known.urgency_evidence, known.topics),
                (false, excluded.sentiment_label, excluded.sentiment_score, excluded.sentiment_method,
                    excluded.sentiment_evidence, excluded.sentiment_model, excluded.sentiment_mixed,
                    excluded.urgency_label, excluded.urgency_evidence, excluded.topics)
            ) as choice (same, label, score, method, evidence, model, mixed, urgency, words, topics),
            lateral (select choice.label, choice.score, choice.method, choice.evidence, choice.model, choice.mixed,
                choice.urgency, choice.words, choice.topics) as kept
            where choice.same
                = (known.text is not distinct from excluded.text and known.score is not distinct from excluded.score)
        )
    where known.revision < excluded.revision
    returning known.*,
        (select before.completed from survey.feedback before where before.id = known.id) as was_completed
""")
# Whoever takes answers back waits for those who are just reading them, see `forget`.
_READING = text("select pg_advisory_xact_lock_shared(hashtextextended('survey.feedback ' || :account_id, 0))")
_FORGETTING = text("select pg_advisory_xact_lock(hashtextextended('survey.feedback ' || :account_id, 0))")
# A sighting is named after its response, or its feedback where there is none, see `CustomerSighted`.
_SETTLE = text("""
    update survey.feedback f
    set customer_id = s.customer_id, told = true, version = f.version + 1, updated_at = :now
    from json_to_recordset(cast(:sightings as json)) as s(sighting_id uuid, customer_id uuid)
    where f.account_id = :account_id
        and (not f.told or f.customer_id is null and f.source_id is not null and s.customer_id is not null)
        and (f.response_id = s.sighting_id or f.response_id is null and f.id = s.sighting_id)
    returning f.*, (select before.told from survey.feedback before where before.id = f.id) as was_told
""")


async def understand(work: Work, events: Sequence[Event[Payload]]) -> None:
    """One record for each response. One whose customer is unknown here is told to the others once we know."""
    responses = await _still_there(work, _latest(cast("Responses", events)))
    surveys = await _surveys(work, responses)
    reader = await reader_of(work)
    people = await People.named_in(work, [event.data.customer for event in responses])
    made: list[Row] = []
    for event in responses:
        response = event.data
        survey, definition = surveys[response.survey_id, response.survey_version]
        person = people.find(response.customer)
        row = understood(
            response,
            survey,
            definition,
            feedback_id=random_id() if response.anonymous else new_id(),
            account_id=work.account_id,
            locale=person.locale if person else None,
            reader=reader,
            now=coarse(work.now) if response.anonymous else work.now,
        )
        if response.customer is not None:
            # An id that is not known here may be mistaken or another account's: the customers service says.
            row["customer_id"] = person.customer_id if person else None
            row["told"] = row["customer_id"] is not None
        made.append(row)
    rows = to_json(made).decode()
    written = await work.session.execute(_UPSERT.columns(*Feedback.__table__.columns, _WAS_COMPLETED), {"rows": rows})
    await emerging.note_unnamed(work, made)
    # As it stands in the table: the customer who was named may have been merged into another.
    fresh = {stored["response_id"]: dict(stored) for stored in written.mappings()}
    await external_models.note(work, list(fresh.values()))
    for event in responses:
        if (stored := fresh.get(event.data.response_id)) is not None:
            was_completed = stored.pop("was_completed")
            _because_of(work, event)
            if was_completed is None:
                _tell(work, event.data, stored)
            elif stored["told"]:
                _tell_change(work, stored, was_completed=was_completed)
    asking = {key for key, (_, definition) in surveys.items() if stating.asked_in(definition)}
    said = [event for event in responses if (event.data.survey_id, event.data.survey_version) in asking]
    await _known(work, list(fresh.values()), {event.data.response_id: event for event in said})


async def forget(work: Work, event: Event[ResponseWithdrawn]) -> None:
    """The answers were taken back: nothing of them stays. One that is read later is not there any more to be read."""
    await work.session.execute(_FORGETTING, {"account_id": str(work.account_id)})
    mine = (Feedback.account_id == work.account_id) & (Feedback.response_id == event.data.response_id)
    for feedback in await work.session.scalars(delete(Feedback).where(mine).returning(Feedback)):
        erased = FeedbackErased(
            feedback_id=feedback.id,
            response_id=feedback.response_id,
            survey_id=feedback.survey_id,
            customer_id=feedback.customer_id,
            reason=event.data.reason,
            erased_at=event.data.withdrawn_at,
        )
        work.emit(erased, subject=feedback.id, version=feedback.version + 1, by_day=feedback.anonymous)


async def settle(work: Work, events: Sequence[Event[Payload]]) -> None:
    """The customers service says who it was, or that nobody can tell: now the others may hear of it.

    Of a review that was edited they may have heard before, without its customer.
    """
    causes = {
        event.data.sighting_id: event
        for event in events
        if isinstance(event.data, CustomerIdentified | SightingUnresolved)
    }
    sightings = [
        {"sighting_id": sighting_id, "customer_id": _named_by(event.data)} for sighting_id, event in causes.items()
    ]
    values = {"sightings": to_json(sightings).decode(), "account_id": work.account_id, "now": work.now}
    settled = await work.session.execute(_SETTLE.columns(*Feedback.__table__.columns, _WAS_TOLD), values)
    rows: list[Row] = [dict(row) for row in settled.mappings()]
    for row in rows:
        _because_of(work, causes[row["response_id"] or row["id"]])
        fact: FeedbackReceived | FeedbackUpdated = told(row)
        if row.pop("was_told"):
            fact = FeedbackUpdated(**dict(fact), reason="identified")
        work.emit(fact, subject=row["id"], version=row["version"])
    await _known(work, rows, causes)


async def _known(work: Work, rows: Sequence[Row], causes: Mapping[UUID, Event[Any]]) -> None:
    """What follows, in this service, once it is known whose the answers are. Only those with a cause state anything."""
    await answering.end_open(work, rows)
    customers = {
        row["response_id"]: row["customer_id"]
        for row in rows
        if row["told"] and row["customer_id"] is not None and row["response_id"] in causes
    }
    for stated in await stating.stated_in(work, customers) if customers else ():
        _because_of(work, causes[stated.response_id])
        work.emit(stated, subject=stated.response_id)


def _latest(events: Responses) -> Responses:
    """Of several revisions of one response the highest, in the order of arrival."""
    found: dict[UUID, Event[ResponseReceived]] = {}
    for event in events:
        known = found.get(event.data.response_id)
        if known is None or known.data.revision < event.data.revision:
            found[event.data.response_id] = event
    return list(found.values())


async def _still_there(work: Work, events: Responses) -> Responses:
    """Without those that were taken back before they were understood."""
    await work.session.execute(_READING, {"account_id": str(work.account_id)})
    ids = [event.data.response_id for event in events]
    statement = select(Response.id).where(Response.id.in_(ids), Response.withdrawn_at.is_not(None))
    gone = set(await work.session.scalars(statement))
    return [event for event in events if event.data.response_id not in gone]


def _tell(work: Work, response: ResponseReceived, row: Row) -> None:
    if row["told"]:
        work.emit(told(row), subject=row["id"], version=row["version"], by_day=row["anonymous"])
        return
    assert response.customer is not None
    sighted = CustomerSighted(sighting_id=response.response_id, customer=response.customer)
    work.emit(sighted, subject=response.response_id)


def _tell_change(work: Work, row: Row, *, was_completed: bool) -> None:
    reason: Literal["changed", "completed", "continued"]
    reason = "changed" if was_completed else "completed" if row["completed"] else "continued"
    updated = FeedbackUpdated(**dict(told(row)), reason=reason)
    work.emit(updated, subject=row["id"], version=row["version"], by_day=row["anonymous"])


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

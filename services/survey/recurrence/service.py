"""Recurring surveys: who has a rhythm, and asking those whose round has come."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, exists, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from services.survey import references
from services.survey.contacts.models import Contact
from services.survey.eligibility.refusals import Cause
from services.survey.invitations import service as invitations
from services.survey.invitations.service import Asked, Terms
from services.survey.lots import share_of
from services.survey.recurrence.models import Enrolment, StoredRecurrence
from services.survey.recurrence.rhythm import first_round, following_round
from services.survey.recurrence.schemas import Recurrence, RecurrenceOut
from services.survey.segments.models import SegmentMember
from services.survey.settings import SurveySettings
from services.survey.surveys import service as surveys
from services.survey.surveys.models import SurveyState
from shared.bus.subscriptions import Timer
from shared.contracts.survey import AskingChanged
from shared.http.dependencies import check_match
from shared.http.errors import NotFound
from shared.ids import new_id
from shared.work import Work

TIMER = "recurrence.sweep"
PIECE = 500
_LOOK_AGAIN = timedelta(hours=1)
_IS_THEMSELVES = text("""
    not exists (
        select from survey.aliases former where former.account_id = contacts.account_id
            and former.id = contacts.customer_id and former.stands_for is not null
    )
""")


async def read(work: Work, survey_id: UUID) -> StoredRecurrence:
    """Raises `NotFound`."""
    stored = await work.session.get(StoredRecurrence, survey_id)
    if stored is None:
        raise NotFound("This survey does not recur; PUT a recurrence to have it come again.")
    return stored


async def describe(work: Work, stored: StoredRecurrence) -> RecurrenceOut:
    people = select(func.count(), func.min(Enrolment.next_at)).where(*_mine(work, stored.survey_id))
    count, next_at = (await work.session.execute(people)).one()
    own = {name: getattr(stored, name) for name in ("survey_id", "started_at", "updated_at")}
    return RecurrenceOut(**stored.document, **own, people=count, next_at=next_at)


async def replace(work: Work, survey_id: UUID, wanted: Recurrence, *, expected: int | None) -> StoredRecurrence:
    """Who has a rhythm keeps it; a new period counts from their own anchor."""
    before = await work.session.get(StoredRecurrence, survey_id, with_for_update=True)
    version = before.version if before else 0
    check_match(expected, version)
    document = wanted.model_dump(mode="json")
    # What was accepted may have gone since; the rest can be changed all the same.
    if wanted.segment_id is not None and (
        before is None or before.document.get("segment_id") != document["segment_id"]
    ):
        await references.require_segments(work, {"/segment_id": wanted.segment_id})
    changed = tuple(name for name in document if before is None or document[name] != before.document.get(name))
    values = {"version": version + 1, "document": document, "updated_at": work.now}
    statement = upsert(StoredRecurrence).values(
        account_id=work.account_id, survey_id=survey_id, started_at=work.now, **values
    )
    await work.session.execute(statement.on_conflict_do_update(index_elements=["survey_id"], set_=values))
    await work.schedule(TIMER, key=str(survey_id), due_at=work.now)
    _tell(work, survey_id, "updated" if before else "created", changed, version + 1)
    return await work.session.get_one(StoredRecurrence, survey_id, populate_existing=True)


async def stop(work: Work, survey_id: UUID) -> None:
    """Everybody's rhythm is forgotten; who was asked stays asked."""
    stored = await read(work, survey_id)
    await work.session.execute(delete(Enrolment).where(*_mine(work, survey_id)))
    await work.session.delete(stored)
    await work.cancel(TIMER, key=str(survey_id))
    _tell(work, survey_id, "deleted", (), stored.version + 1)


async def sweep(work: Work, timer: Timer) -> None:
    """The timer's handler: give new people a rhythm, ask those whose round has come, look again in an hour."""
    survey_id = UUID(timer.key)
    stored = await work.session.get(StoredRecurrence, survey_id, with_for_update=True)
    if stored is None:
        return
    recurrence = Recurrence.model_validate(stored.document)
    survey = await surveys.read(work, survey_id)
    if not recurrence.enabled or survey.state is SurveyState.ARCHIVED:
        return
    more = False
    if survey.state is SurveyState.PUBLISHED:
        more = await _enrol(work, survey_id, recurrence) == PIECE
        more = await _ask_due(work, survey_id, recurrence) == PIECE or more
    await work.schedule(TIMER, key=timer.key, due_at=work.now if more else work.now + _LOOK_AGAIN)


async def _enrol(work: Work, survey_id: UUID, recurrence: Recurrence) -> int:
    """Returns how many are new."""
    enrolled = exists().where(*_mine(work, survey_id), Enrolment.customer_id == Contact.customer_id)
    statement = _candidates(work, recurrence).where(~enrolled).order_by(Contact.customer_id).limit(PIECE)
    found = (await work.session.scalars(statement)).all()
    every = timedelta(days=recurrence.every_days)
    rows = []
    for contact in found:
        anchor = contact.attributes.get(recurrence.anchor_attribute) if recurrence.anchor_attribute else None
        lot = share_of("rhythm", survey_id, contact.customer_id)
        at = first_round(work.now, every, lot=lot, anchor=anchor)
        rows.append(
            {
                "id": new_id(),
                "account_id": work.account_id,
                "survey_id": survey_id,
                "customer_id": contact.customer_id,
                "anchor_at": at,
                "wave": 1,
                "next_at": at,
            }
        )
    if rows:
        await work.session.execute(insert(Enrolment), rows)
    return len(rows)


def _candidates(work: Work, recurrence: Recurrence) -> Select[Any]:
    """Who is somebody of their own and belongs to the segment, if there is one."""
    statement = select(Contact).where(
        Contact.account_id == work.account_id,
        Contact.is_deleted.is_(False),
        _IS_THEMSELVES,
    )
    if recurrence.segment_id is None:
        return statement
    belongs = exists().where(
        SegmentMember.account_id == work.account_id,
        SegmentMember.segment_id == recurrence.segment_id,
        SegmentMember.customer_id == Contact.customer_id,
        SegmentMember.is_member.is_(True),
    )
    return statement.where(belongs)


async def _ask_due(work: Work, survey_id: UUID, recurrence: Recurrence) -> int:
    """Returns how many rounds had come."""
    statement = (
        select(Enrolment)
        .where(*_mine(work, survey_id), Enrolment.next_at <= work.now)
        .order_by(Enrolment.next_at)
        .limit(PIECE)
    )
    due = (await work.session.scalars(statement)).all()
    staying = _candidates(work, recurrence).where(Contact.customer_id.in_([one.customer_id for one in due]))
    still_there = {contact.customer_id for contact in await work.session.scalars(staying)} if due else set()
    for one in due:
        if one.customer_id not in still_there:
            await work.session.delete(one)
    rounds = sorted((one for one in due if one.customer_id in still_there), key=lambda one: one.wave)
    for wave, group in groupby(rounds, key=lambda one: one.wave):
        await _ask_round(work, survey_id, recurrence, wave, list(group))
    await work.session.flush()
    return len(due)


async def _ask_round(
    work: Work, survey_id: UUID, recurrence: Recurrence, wave: int, people: Sequence[Enrolment]
) -> None:
    survey = await surveys.read(work, survey_id)
    settings: SurveySettings = work.settings
    days = recurrence.expires_in_days or settings.survey_invitation_days
    terms = Terms(recurrence.channel, days, Cause("wave", survey_id), wave=wave)
    asked = await invitations.ask(work, survey, [one.customer_id for one in people], terms)
    for person, result in zip(people, asked, strict=True):
        _move_on(person, result, timedelta(days=recurrence.every_days), work.now)


def _move_on(person: Enrolment, asked: Asked, every: timedelta, now: datetime) -> None:
    """To the next round; or, if a gate opens before that, to that moment."""
    wave, planned_at = following_round(person.anchor_at, every, person.wave, now)
    opens_at = asked.refusal.next_eligible_at if asked.refusal else None
    if opens_at is not None and opens_at < planned_at:
        person.next_at = opens_at
        return
    person.wave, person.next_at = wave, planned_at


def _mine(work: Work, survey_id: UUID) -> tuple[Any, ...]:
    return Enrolment.account_id == work.account_id, Enrolment.survey_id == survey_id


def _tell(work: Work, survey_id: UUID, change: Any, changed: tuple[str, ...], version: int) -> None:
    payload = AskingChanged(what="recurrence", change=change, survey_id=survey_id, changed=changed)
    work.emit(payload, subject=survey_id, version=version)

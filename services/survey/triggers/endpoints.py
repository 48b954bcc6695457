"""`/v1/surveys/{id}/triggers`."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Response

from services.survey import references
from services.survey.contacts import directory
from services.survey.settings import patience
from services.survey.surveys import service as surveys
from services.survey.surveys.auth import SurveysRead, SurveysWrite
from services.survey.triggers import service as triggers
from services.survey.triggers.models import StoredTrigger
from services.survey.triggers.schemas import OnSegment, Trigger, TriggerOut, WaitingOut
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, after, set_etag, work_with
from shared.http.routing import APIRouter
from shared.work import Work


async def _is_here(work: Work, body: Trigger) -> bool:
    return await references.segments_are_here(work, [body.on.segment_id] if isinstance(body.on, OnSegment) else [])


# A segment that was made a moment ago is still on the way here.
Writes = Annotated[Work, work_with("surveys:write", first=after(Trigger, _is_here, seconds=patience))]
router = APIRouter(prefix="/v1/surveys/{survey_id}/triggers", tags=["asking"])


@router.post("", status_code=201)
async def create_trigger(survey_id: UUID, body: Trigger, work: Writes, response: Response) -> TriggerOut:
    """Have customers asked by themselves: after something they did, an answer, or when they come into a segment."""
    await surveys.read_to_change(work, survey_id)
    return _out(await triggers.create(work, survey_id, body), response)


@router.get("")
async def list_triggers(survey_id: UUID, work: SurveysRead, page: PageQuery) -> Page[TriggerOut]:
    """Newest first."""
    await surveys.read(work, survey_id)
    keys = (StoredTrigger.created_at.desc(), StoredTrigger.id.desc())
    found: Page[StoredTrigger] = await paginate(work.session, triggers.listed(work, survey_id), page, keys=keys)
    return found.map(_shown)


@router.get("/{trigger_id}")
async def get_trigger(survey_id: UUID, trigger_id: UUID, work: SurveysRead, response: Response) -> TriggerOut:
    return _out(await triggers.read(work, survey_id, trigger_id), response)


@router.get("/{trigger_id}/waiting")
async def list_waiting(survey_id: UUID, trigger_id: UUID, work: SurveysRead, page: PageQuery) -> Page[WaitingOut]:
    """Who will be asked when the delay has passed and the window is open; the next one first."""
    trigger = await triggers.read(work, survey_id, trigger_id)
    timers = work.tables.timers
    keys = (timers.c.due_at.asc(), timers.c.id.asc())
    found = await paginate(work.session, triggers.waiting(work, trigger.id), page, keys=keys)
    named = {UUID(payload["customer_id"]) for _, payload in found.data}
    contacts = await directory.by_id(work, named)

    def shown(row: tuple[datetime, dict[str, Any]]) -> WaitingOut:
        due_at, payload = row
        contact = contacts.get(UUID(payload["customer_id"]))
        customer_id = contact.customer_id if contact is not None else payload["customer_id"]
        return WaitingOut(customer_id=customer_id, occasion=payload["occasion"], due_at=due_at)

    return found.map(shown)


@router.put("/{trigger_id}")
async def replace_trigger(
    survey_id: UUID, trigger_id: UUID, body: Trigger, work: Writes, if_match: IfMatch, response: Response
) -> TriggerOut:
    """Occasions that wait for their turn already are asked about by the new rules."""
    return _out(await triggers.replace(work, survey_id, trigger_id, body, expected=if_match), response)


@router.delete("/{trigger_id}", status_code=204)
async def delete_trigger(survey_id: UUID, trigger_id: UUID, work: SurveysWrite) -> None:
    """Occasions that wait for their turn ask nobody any more."""
    await triggers.delete(work, survey_id, trigger_id)


def _shown(stored: StoredTrigger) -> TriggerOut:
    rules = triggers.rules_of(stored)
    own = {name: getattr(stored, name) for name in ("id", "survey_id", "created_at", "updated_at")}
    return TriggerOut(**dict(rules), **own)


def _out(stored: StoredTrigger, response: Response) -> TriggerOut:
    set_etag(response, stored.version)
    return _shown(stored)

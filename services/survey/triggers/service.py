"""Triggers as people write them, and what they do when something happens."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select

from services.survey import references
from services.survey.accounts.models import Account
from services.survey.contacts import directory
from services.survey.eligibility import refusals
from services.survey.eligibility.facts import rules_for
from services.survey.eligibility.quiet import zone_of
from services.survey.eligibility.refusals import Cause, Refused
from services.survey.invitations import service as invitations
from services.survey.invitations.models import Invitation
from services.survey.invitations.service import Terms
from services.survey.lots import share_of
from services.survey.settings import SurveySettings
from services.survey.surveys import service as surveys
from services.survey.triggers.matching import first_moment
from services.survey.triggers.models import StoredTrigger
from services.survey.triggers.schemas import OnAnswer, OnSegment, Trigger
from shared.bus.subscriptions import Timer
from shared.contracts.survey import AskingChanged
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

TIMER = "triggers.ask"
_WEEK = timedelta(days=7)
_NEWS_TRAVELS = timedelta(minutes=1)


async def create(work: Work, survey_id: UUID, wanted: Trigger) -> StoredTrigger:
    """Raises `Unacceptable` for an occasion that cannot come."""
    await _check_occasion(work, wanted)
    trigger = StoredTrigger(
        id=new_id(),
        account_id=work.account_id,
        survey_id=survey_id,
        version=1,
        event=wanted.on.event,
        enabled=wanted.enabled,
        document=wanted.model_dump(mode="json"),
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(trigger)
    _tell(work, trigger, "created", tuple(Trigger.model_fields))
    return trigger


def listed(work: Work, survey_id: UUID) -> Select[Any]:
    return select(StoredTrigger).where(
        StoredTrigger.account_id == work.account_id, StoredTrigger.survey_id == survey_id
    )


async def read(work: Work, survey_id: UUID, trigger_id: UUID, *, to_change: bool = False) -> StoredTrigger:
    """Raises `NotFound`."""
    statement = listed(work, survey_id).where(StoredTrigger.id == trigger_id)
    trigger: StoredTrigger | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if trigger is None:
        raise NotFound("There is no such trigger of this survey.")
    return trigger


async def replace(
    work: Work, survey_id: UUID, trigger_id: UUID, wanted: Trigger, *, expected: int | None
) -> StoredTrigger:
    """Occasions that wait already are asked about by the new rules."""
    trigger = await read(work, survey_id, trigger_id, to_change=True)
    check_match(expected, trigger.version)
    # What was accepted may have gone since; it can be switched off all the same.
    if wanted.on != rules_of(trigger).on:
        await _check_occasion(work, wanted)
    document = wanted.model_dump(mode="json")
    changed = tuple(name for name in document if document[name] != trigger.document.get(name))
    trigger.event, trigger.enabled, trigger.document = wanted.on.event, wanted.enabled, document
    trigger.version += 1
    trigger.updated_at = work.now
    _tell(work, trigger, "updated", changed)
    return trigger


async def _check_occasion(work: Work, wanted: Trigger) -> None:
    on = wanted.on
    if isinstance(on, OnSegment):
        await references.require_segments(work, {"/on/segment_id": on.segment_id})
    elif isinstance(on, OnAnswer):
        await references.require_surveys(work, {"/on/survey_id": on.survey_id})
        if on.lowest > on.highest:
            detail = f"No score is at least {on.lowest} and at most {on.highest}."
            raise Unacceptable.field("/on/lowest", "never_met", detail)


async def delete(work: Work, survey_id: UUID, trigger_id: UUID) -> None:
    """Occasions that wait ask nobody any more."""
    trigger = await read(work, survey_id, trigger_id, to_change=True)
    await work.session.delete(trigger)
    trigger.version += 1
    _tell(work, trigger, "deleted", ())


async def waiting_for(work: Work, event: str) -> Sequence[tuple[StoredTrigger, Trigger]]:
    """The enabled triggers of the account for this kind of occasion."""
    statement = select(StoredTrigger).where(
        StoredTrigger.account_id == work.account_id, StoredTrigger.event == event, StoredTrigger.enabled.is_(True)
    )
    return [(stored, rules_of(stored)) for stored in await work.session.scalars(statement)]


def rules_of(stored: StoredTrigger) -> Trigger:
    return Trigger.model_validate(stored.document)


async def await_turn(work: Work, stored: StoredTrigger, customer_id: UUID, occasion: UUID, at: datetime) -> None:
    """Ask about this occasion when the trigger's delay has passed and its window is open; once, however often told."""
    trigger = rules_of(stored)
    due_at = max(work.now, at + timedelta(minutes=trigger.delay_minutes))
    if trigger.window is not None:
        contact = (await directory.by_id(work, {customer_id})).get(customer_id)
        account = await work.session.get(Account, work.account_id)
        zone = zone_of(contact.timezone if contact else None, account.timezone if account else None)
        due_at = first_moment(due_at, trigger.window, zone)
    payload = {"customer_id": str(customer_id), "trigger_id": str(stored.id), "occasion": str(occasion)}
    await work.schedule(TIMER, key=f"{stored.id}:{occasion}", due_at=due_at, payload=payload)


def waiting(work: Work, trigger_id: UUID) -> Select[datetime, dict[str, Any]]:
    """The occasions that have not had their turn yet: when it is due, and the timer's payload."""
    timers = work.tables.timers
    mine = (timers.c.account_id == work.account_id, timers.c.kind == TIMER, timers.c.dead.is_(None))
    return select(timers.c.due_at, timers.c.payload).where(*mine, timers.c.key.startswith(f"{trigger_id}:"))


async def forget_occasion(work: Work, event: str, occasion: UUID) -> None:
    """It did not happen after all."""
    for stored, _ in await waiting_for(work, event):
        await work.cancel(TIMER, key=f"{stored.id}:{occasion}")


async def ask(work: Work, timer: Timer) -> None:
    """The timer's handler. The trigger's row is locked, so its weekly cap is exact."""
    trigger_id, occasion = UUID(timer.payload["trigger_id"]), timer.payload["occasion"]
    stored = await work.session.get(StoredTrigger, trigger_id, with_for_update=True)
    if stored is None or not stored.enabled:
        return
    trigger = rules_of(stored)
    named = UUID(timer.payload["customer_id"])
    contact = (await directory.by_id(work, {named})).get(named)
    if contact is None:
        await _wait_for_customer(work, timer)
        return
    survey = await surveys.read(work, stored.survey_id)
    cause = Cause("chain" if stored.event == "answer" else "trigger", stored.id)
    held_back = await _held_back(work, stored, trigger, occasion)
    if held_back is not None:
        rules = await rules_for(work, survey, trigger.channel)
        await refusals.record(work, rules, cause, [(contact.customer_id, held_back)])
        return
    settings: SurveySettings = work.settings
    terms = Terms(trigger.channel, trigger.expires_in_days or settings.survey_invitation_days, cause)
    await invitations.ask(work, survey, [contact.customer_id], terms)


async def _wait_for_customer(work: Work, timer: Timer) -> None:
    """The news of somebody new may be slower than that of what they did. Whoever stays unknown was deleted."""
    if "waited" not in timer.payload:
        payload = timer.payload | {"waited": True}
        await work.schedule(TIMER, key=timer.key, due_at=work.now + _NEWS_TRAVELS, payload=payload)


async def _held_back(work: Work, stored: StoredTrigger, trigger: Trigger, occasion: str) -> Refused | None:
    """The trigger's own gates."""
    lot = 100 * share_of("trigger", stored.id, occasion)
    if lot >= float(trigger.sample_percent):
        share = f"{trigger.sample_percent} % of occasions are asked about"
        return Refused("not_drawn", f"{share}; this one's lot is {lot:.2f}.")
    if trigger.weekly_cap is None:
        return None
    mine = (Invitation.account_id == work.account_id) & (Invitation.cause_id == stored.id)
    recent = select(Invitation.created_at).where(mine, Invitation.created_at > work.now - _WEEK)
    count = await work.session.scalar(select(func.count()).select_from(recent.subquery())) or 0
    if count < trigger.weekly_cap:
        return None
    newest_first = recent.order_by(Invitation.created_at.desc()).offset(trigger.weekly_cap - 1).limit(1)
    fills = await work.session.scalar(newest_first)
    detail = f"This trigger has asked {count} customers in seven days; at most {trigger.weekly_cap} are allowed."
    return Refused("weekly_cap", detail, fills + _WEEK if fills else None)


def _tell(work: Work, trigger: StoredTrigger, change: Any, changed: tuple[str, ...]) -> None:
    payload = AskingChanged(what="trigger", change=change, survey_id=trigger.survey_id, changed=changed)
    work.emit(payload, subject=trigger.id, version=trigger.version)

"""Policies and their versions. Tickets keep the version they were promised."""

from uuid import UUID

from sqlalchemy import select

from services.tickets.calendars import service as calendars
from services.tickets.calendars.content import hours_of
from services.tickets.calendars.hours import AroundTheClock, Hours
from services.tickets.slas import revisions
from services.tickets.slas.models import Policy, PolicyVersion
from services.tickets.slas.policy_schemas import PolicyIn
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work


class NoSuchPolicy(NotFound):
    """There is no such SLA policy."""


class DefaultPolicy(Conflict):
    """The default policy is for every ticket that no other one is for. It stays, and has no conditions."""

    code = "default_policy"


async def create(work: Work, body: PolicyIn) -> Policy:
    """Raises `Unacceptable` for a calendar that is not there."""
    await revisions.advance(work)
    await check_calendar(work, body)
    policy = Policy(
        id=new_id(),
        account_id=work.account_id,
        name=body.name,
        is_default=False,
        version=0,
        created_at=work.now,
    )
    work.session.add(policy)
    await _write(work, policy, body)
    return policy


async def replace(work: Work, policy_id: UUID, body: PolicyIn, expected: int | None) -> Policy:
    """Raises `NoSuchPolicy`, `StaleVersion`, `DefaultPolicy`, or `Unacceptable` for a calendar that is not there."""
    await revisions.advance(work)
    policy = await find(work, policy_id, lock=True)
    check_match(expected, policy.version)
    if policy.is_default and not body.conditions.are_none:
        raise DefaultPolicy
    await check_calendar(work, body)
    if PolicyIn.model_validate(policy.spec) != body:
        await _write(work, policy, body)
    return policy


async def remove(work: Work, policy_id: UUID) -> None:
    """Tickets that were promised it keep it. Raises `DefaultPolicy`."""
    await revisions.advance(work)
    policy = await find(work, policy_id, lock=True)
    if policy.is_default:
        raise DefaultPolicy
    policy.removed_at = work.now
    # Nothing is opened by it any more, so its calendar need not be kept for it.
    policy.calendar_id = None


async def find(work: Work, policy_id: UUID, *, lock: bool = False) -> Policy:
    """Raises `NoSuchPolicy`."""
    mine = (Policy.account_id == work.account_id) & (Policy.id == policy_id) & Policy.removed_at.is_(None)
    statement = select(Policy).where(mine)
    policy = await work.session.scalar(statement.with_for_update() if lock else statement)
    if policy is None:
        raise NoSuchPolicy
    return policy


async def hours_now(work: Work, body: PolicyIn) -> Hours:
    """Those by which the policy would count if it were written now. Its calendar has been checked."""
    if body.hours != "calendar":
        return AroundTheClock()
    named = body.calendar_id
    calendar = await (calendars.find(work, named) if named is not None else calendars.default_calendar(work))
    if calendar is None:
        raise calendars.NoSuchCalendar
    return hours_of((await calendars.content_now(work, calendar)).content)


async def check_calendar(work: Work, body: PolicyIn) -> None:
    """Raises `Unacceptable` if the policy would have nothing to count by."""
    if body.hours != "calendar":
        return
    if body.calendar_id is None:
        if await calendars.default_calendar(work) is None:
            detail = "There is no calendar yet. Make one with POST /v1/calendars; the first one is the default."
            raise Unacceptable.field("/calendar_id", "no_calendar", detail)
        return
    await calendars.require(work, body.calendar_id)


async def _write(work: Work, policy: Policy, body: PolicyIn) -> None:
    policy.name, policy.position = body.name, body.position
    policy.by_calendar, policy.calendar_id = body.hours == "calendar", body.calendar_id
    policy.spec = body.model_dump(mode="json")
    policy.version += 1
    policy.updated_at = work.now
    await work.session.flush()
    work.session.add(
        PolicyVersion(
            account_id=work.account_id,
            policy_id=policy.id,
            version=policy.version,
            spec=policy.spec,
            actor=str(work.actor),
            created_at=work.now,
        )
    )
    await work.session.flush()

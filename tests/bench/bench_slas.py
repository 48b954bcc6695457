"""Targets by the thousand: all open tickets after a change of their calendar, and alarms that are due in one second.

Both are bare figures, per second and seconds, as the promise is: 10,000 tickets in five accounts, opened over the desk
that opens all tickets; what follows runs as a worker would run it. The tickets that were told of are counted each time.
"""

import asyncio
import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
from sqlalchemy import select

from services.tickets.app import SERVICE
from services.tickets.calendars import service as calendars
from services.tickets.calendars.models import Calendar
from services.tickets.calendars.schemas import CalendarIn
from services.tickets.cases.opening import Author, Opening, insert_tickets
from services.tickets.slas import policies, reapplying
from services.tickets.slas.models import Policy
from services.tickets.slas.policy_schemas import PolicyIn
from shared.bus.timers import run_due_timers
from shared.contracts.tickets import PolicyReapplied, TargetMissed
from shared.db.database import driver_of
from shared.ids import new_id
from shared.service import Runtime, open_runtime
from shared.testing.clock import FrozenClock
from shared.work import Work, open_work
from tests.bench.echo import BENCH
from tests.bench.report import Ratio
from tests.bench.stage import Stage, stage

TICKETS, ACCOUNTS, PORTION = 10_000, 5, 500
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday")
WEEK = dict.fromkeys(DAYS, ({"opens": "09:00", "closes": "12:00"}, {"opens": "13:00", "closes": "17:00"}))
ONE = {"first_response_seconds": 3_600, "resolution_seconds": 40 * 3_600}
TARGETS = dict.fromkeys(("low", "normal", "high", "urgent"), ONE)
CALENDAR = CalendarIn.model_validate({"name": "Office", "timezone": "UTC", "week": WEEK})
CLOSED = {"date": "2026-03-04", "name": "Stocktaking"}
CHANGED = CalendarIn.model_validate({"name": "Office", "timezone": "UTC", "week": WEEK, "dates": [CLOSED]})


def bench() -> list[Ratio]:
    with stage() as here:
        return asyncio.run(_measure(here))


async def _measure(here: Stage) -> list[Ratio]:
    clock = FrozenClock(MONDAY)
    runtime = open_runtime(SERVICE, here.databases.settings(SERVICE), clock=clock)
    accounts = [new_id() for _ in range(ACCOUNTS)]
    try:
        for account in accounts:
            await _open_tickets(runtime, account)
        recomputed = TICKETS / await _after_a_change(runtime, accounts)
        clock.advance(timedelta(hours=1, microseconds=1))
        began = time.perf_counter()
        await run_due_timers(runtime)
        rang = time.perf_counter() - began
        told = [await _told(here, kind.TYPE) for kind in (PolicyReapplied, TargetMissed)]
    finally:
        await runtime.database.close()
    if told != [TICKETS, TICKETS]:
        raise RuntimeError(f"of {TICKETS} tickets these were told of: {told}")
    return [
        Ratio("tickets recomputed per second after a change of their calendar", [recomputed], at_least=2_000),
        Ratio(f"seconds until {TICKETS} alarms of the same second had rung", [rang], at_most=10),
    ]


async def _open_tickets(runtime: Runtime, account: UUID) -> None:
    async with _work(runtime, account) as work:
        calendar = await calendars.create(work, CALENDAR)
        policy = await work.session.scalar(select(Policy).where(Policy.account_id == account))
        assert policy is not None
        body = PolicyIn.model_validate({"name": "Office", "targets": TARGETS, "hours": "calendar"})
        await policies.replace(work, policy.id, body.model_copy(update={"calendar_id": calendar.id}), None)
    for _ in range(TICKETS // ACCOUNTS // PORTION):
        async with _work(runtime, account) as work:
            openings = [_opening(work) for _ in range(PORTION)]
            await insert_tickets(await driver_of(work.session), account, openings)


async def _after_a_change(runtime: Runtime, accounts: list[UUID]) -> float:
    """Seconds from asking for it to the last ticket, in all accounts."""
    begun = []
    for account in accounts:
        async with _work(runtime, account) as work:
            [calendar] = await work.session.scalars(select(Calendar).where(Calendar.account_id == account))
            await calendars.replace(work, calendar.id, CHANGED, None)
        async with _work(runtime, account) as work:
            [policy] = await work.session.scalars(select(Policy).where(Policy.account_id == account))
            begun.append((account, policy.id))
    began = time.perf_counter()
    for account, policy_id in begun:
        async with _work(runtime, account) as work:
            await reapplying.begin(work, policy_id)
    await run_due_timers(runtime)
    return time.perf_counter() - began


def _work(runtime: Runtime, account: UUID) -> AbstractAsyncContextManager[Work]:
    return open_work(runtime.database, account, BENCH, clock=runtime.clock)


def _opening(work: Work) -> Opening:
    return Opening(
        author=Author.of(work),
        ticket_id=new_id(),
        subject="The box was damaged",
        description="",
        priority="normal",
        tags=[],
        channel="email",
        origin_kind="human",
        assign=False,
    )


async def _told(here: Stage, event_type: str) -> int:
    connection = await asyncpg.connect(here.databases.url)
    try:
        asked = "select count(*) from tickets.outbox where type = $1"
        count: int = await connection.fetchval(asked, event_type)
    finally:
        await connection.close()
    return count

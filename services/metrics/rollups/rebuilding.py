"""Counting all facts of an account anew, beside what answers come from, while facts keep coming.

A generation is built stretch by stretch of time, each in a transaction of its own that holds up the account's batches
for about a second. What happened before `counted_until` is in it, and every batch keeps that up (see
`counting.add_to_rollups`); so it is exact when it comes to the last fact, and takes over in the same transaction.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import delete, exists, select, text

from services.metrics.rollups.counting import (
    SCHEMES,
    begin,
    count_stretch,
    counted_facts,
    differences_between,
    hold_upkeep,
)
from services.metrics.rollups.models import Generation, rollups
from shared.bus.subscriptions import Timer
from shared.work import Work

STEP: Final = "rollups.step"
SWEEP: Final = "rollups.sweep"
# So many facts in one stretch take about a second.
FACTS_AT_ONCE = 50_000
LONGEST = timedelta(days=3650)
# Questions that were asked of what is retired have long been answered.
KEPT = timedelta(minutes=1)
_DAY = timedelta(days=1)
_END = datetime(9999, 12, 31, tzinfo=UTC)
# One look into the index for each scheme, however many facts there are.
_NEXT = text(
    """
    select min(first) from unnest(cast(:schemes as text[])) as wanted (scheme), lateral (
        select min(fact.occurred_at) as first from metrics.facts fact
        where fact.account_id = :account_id and fact.scheme = wanted.scheme and fact.occurred_at >= (
            select coalesce(counted_until, '-infinity') from metrics.generations
            where account_id = :account_id and number = :number
        )
    ) as found
    """
)
_START = text(
    """
    insert into metrics.generations (account_id, number, time_zone, state, expected, started_at)
    select :account_id, max(number) + 1, :time_zone, 'building', :expected, :now
    from metrics.generations where account_id = :account_id
    """
)
_SERVE = text(
    "update metrics.generations set state = 'serving', finished_at = :now, "
    "corrected = :corrected where account_id = :account_id and number = :number"
)
# A stretch reads as much as it reads, and the last one compares all cells.
_LIMIT = text("set local statement_timeout = '10min'")


async def move_to(work: Work, time_zone: str) -> None:
    """Count by the days of this zone: at once if there is nothing to count anew, else when that is done."""
    await hold_upkeep(work)
    await begin(work, time_zone)
    serving, building = await present(work)
    if building is not None and building.time_zone != time_zone:
        await _retire(work, building)
        building = None
    if building is not None or serving.time_zone == time_zone:
        return
    mine = rollups.c.account_id == work.account_id
    if await work.session.scalar(select(exists().where(mine))):
        await _start(work, serving, time_zone)
    else:
        serving.time_zone = time_zone
        await work.session.flush()


async def start(work: Work) -> Generation:
    """Count everything again by the same days; the generation that is being built, also if it was before."""
    await hold_upkeep(work)
    await begin(work, "UTC")
    serving, building = await present(work)
    if building is None:
        await _start(work, serving, serving.time_zone)
        _, building = await present(work)
    return building or serving


async def newest(work: Work) -> Generation | None:
    """The one that was begun last, of those that are built or serve."""
    mine = (Generation.account_id == work.account_id, Generation.state != "retired")
    return await work.session.scalar(select(Generation).where(*mine).order_by(Generation.number.desc()).limit(1))


async def take_step(work: Work, timer: Timer) -> None:
    """Count one more stretch, or take over if there is none; what is not finished goes on at once."""
    await work.session.execute(_LIMIT)
    await hold_upkeep(work)
    serving, building = await present(work)
    if building is None:
        return
    values = {"account_id": work.account_id, "number": building.number, "schemes": list(SCHEMES)}
    since = await work.session.scalar(_NEXT, values)
    if since is None:
        await _take_over(work, serving, building)
        return
    until = _end_of_stretch(since, building)
    count = await count_stretch(work, building.number, since, until)
    building.counted_until = until
    building.counted += count
    building.seconds = _next_seconds(building.seconds, count)
    await work.session.flush()
    await work.schedule(STEP, key="", due_at=work.now)


async def sweep(work: Work, timer: Timer) -> None:
    """Forget what is retired."""
    await work.session.execute(_LIMIT)
    mine = (Generation.account_id == work.account_id, Generation.state == "retired")
    retired = (await work.session.scalars(select(Generation.number).where(*mine))).all()
    cells = (rollups.c.account_id == work.account_id, rollups.c.generation.in_(retired))
    await work.session.execute(delete(rollups).where(*cells))
    await work.session.execute(delete(Generation).where(*mine, Generation.number.in_(retired)))


async def present(work: Work) -> tuple[Generation, Generation | None]:
    """What serves and what is built. Under the lock, and only once there is any."""
    mine = (Generation.account_id == work.account_id, Generation.state != "retired")
    statement = select(Generation).where(*mine).execution_options(populate_existing=True)
    found = {each.state: each for each in await work.session.scalars(statement)}
    return found["serving"], found.get("building")


async def _start(work: Work, serving: Generation, time_zone: str) -> None:
    expected = await counted_facts(work, serving.number)
    values = {"account_id": work.account_id, "time_zone": time_zone, "expected": expected, "now": work.now}
    await work.session.execute(_START, values)
    await work.schedule(STEP, key="", due_at=work.now)


async def _take_over(work: Work, serving: Generation, building: Generation) -> None:
    same_days = serving.time_zone == building.time_zone
    corrected = await differences_between(work, serving.number, building.number) if same_days else None
    await _retire(work, serving)
    values = {"account_id": work.account_id, "number": building.number, "corrected": corrected, "now": work.now}
    await work.session.execute(_SERVE, values)


async def _retire(work: Work, generation: Generation) -> None:
    generation.state = "retired"
    await work.session.flush()
    await work.schedule(SWEEP, key="", due_at=work.now + KEPT)


def _end_of_stretch(since: datetime, building: Generation) -> datetime:
    """Of days, if it is that long: a cell is then written once."""
    if since > _END - 2 * LONGEST:
        return max(_END, since + timedelta(microseconds=1))
    until = since + timedelta(seconds=building.seconds)
    if building.seconds < _DAY.total_seconds():
        return until
    zone = ZoneInfo(building.time_zone)
    midnight = datetime.combine(until.astimezone(zone).date(), time(0), zone).astimezone(UTC)
    return midnight if midnight > since else until


def _next_seconds(seconds: int, count: int) -> int:
    """Longer stretches where little happened, shorter ones where much did."""
    wanted = seconds * FACTS_AT_ONCE // max(count, 1)
    return max(1, min(wanted, 8 * seconds, int(LONGEST.total_seconds())))

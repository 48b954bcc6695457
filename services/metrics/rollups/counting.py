"""How facts become cells: on the way in, and again from the beginning."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import get_args

from sqlalchemy import ColumnElement, func, select, text

from services.metrics.facts.models import UNRATED
from services.metrics.facts.reading import HIGHEST_SCORE, Exclusion
from services.metrics.rollups.models import EXCLUSIONS, KEY, SCORES, SUMS
from shared.contracts.ratings import RatingScheme
from shared.work import Work

SCHEMES = (*get_args(RatingScheme), "review", "recommendation", "rerated", UNRATED)
_ALL = (*SCORES, *EXCLUSIONS, *SUMS)
_KEY = ", ".join(KEY)
_COUNTS = ", ".join(_ALL)
_COUNTED = ", ".join(
    [
        *(f"sum(sign) filter (where exclusion is null and points = {n}) as s{n}" for n in range(HIGHEST_SCORE + 1)),
        *(f"sum(sign) filter (where exclusion = '{exclusion}') as {exclusion}" for exclusion in Exclusion),
        "sum(sign * index) filter (where exclusion is null) as index_sum",
        "sum(sign * index * index) filter (where exclusion is null) as index_squares",
    ]
)
_CELLS = f"""
    select {_KEY}, {", ".join(f"coalesce({name}, 0) as {name}" for name in _ALL)}
    from (select {_KEY}, {_COUNTED} from {{source}} group by {_KEY}) as summed
"""
_DATED = """(
    select fact.*, made.number as generation, (fact.occurred_at at time zone made.time_zone)::date as day,
        fact.dimensions ->> 'variant' as variant
    from {facts} as fact join metrics.generations made on {wanted}
) as dated"""
_ADD = f"""
    insert into metrics.rollups as cell ({_KEY}, {_COUNTS})
    {{cells}} order by {_KEY}
    on conflict ({_KEY}) do update set {", ".join(f"{name} = cell.{name} + excluded.{name}" for name in _ALL)}
"""
_KEPT_UP = (
    "made.account_id = :account_id "
    "and (made.state = 'serving' or made.state = 'building' and fact.occurred_at < made.counted_until)"
)


def add_to_rollups(facts: str) -> str:
    """A statement that counts `facts`, which have a `sign` (1 to be counted in, -1 to be counted out), in all
    generations that are kept up and have come so far."""
    return _ADD.format(cells=_CELLS.format(source=_DATED.format(facts=facts, wanted=_KEPT_UP)))


_EVERY_FACT = "(select *, 1 as sign from metrics.facts where account_id = :account_id)"
_STRETCH = (
    "(select *, 1 as sign from metrics.facts where account_id = :account_id and scheme = any(:schemes) "
    "and occurred_at >= :since and occurred_at < :until)"
)
_THIS = "made.account_id = :account_id and made.number = :number"
_FACTS_OF_CELLS = " + ".join((*SCORES, *EXCLUSIONS))
_COUNT_STRETCH = text(
    f"""
    with cells as ({_CELLS.format(source=_DATED.format(facts=_STRETCH, wanted=_THIS))}), kept as (
        {_ADD.format(cells=f"select {_KEY}, {_COUNTS} from cells")}
    )
    select coalesce(sum({_FACTS_OF_CELLS}), 0) from cells
    """
)
_COUNTED_FACTS = text(
    f"select coalesce(sum({_FACTS_OF_CELLS}), 0) from metrics.rollups "
    "where account_id = :account_id and generation = :number"
)
_DROP_EMPTY = text(
    f"""
    delete from metrics.rollups where account_id = :account_id
        and generation in (select number from metrics.generations where account_id = :account_id)
        and scheme = any(:schemes) and day = any(:days)
        and {" and ".join(f"{name} = 0" for name in (*SCORES, *EXCLUSIONS))}
    """
)
_PLAIN_KEY = ", ".join(name for name in KEY if name != "generation")
_DIFFERENT = """
    select count(*) from (
        select distinct {key} from (
            (table one except table other) union all (table other except table one)
        ) as different
    ) as cells
"""
_KEPT = f"select {_PLAIN_KEY}, {_COUNTS} from metrics.rollups where account_id = :account_id and generation = "
_SERVING = "made.account_id = :account_id and made.state = 'serving'"
_FROM_FACTS = _CELLS.format(source=_DATED.format(facts=_EVERY_FACT, wanted=_SERVING))
_NUMBER = f"(select made.number from metrics.generations made where {_SERVING})"
_DIFFERENT_FROM_FACTS = text(
    f"with one as (select {_PLAIN_KEY}, {_COUNTS} from ({_FROM_FACTS}) as counted), other as ({_KEPT} {_NUMBER}) "
    + _DIFFERENT.format(key=_PLAIN_KEY)
)
_DIFFERENT_GENERATIONS = text(
    f"with one as ({_KEPT} :number), other as ({_KEPT} :another) " + _DIFFERENT.format(key=_PLAIN_KEY)
)
_BEGIN = text(
    """
    insert into metrics.generations (account_id, number, time_zone, state, started_at, finished_at)
    values (:account_id, 1, :time_zone, 'serving', :now, :now) on conflict do nothing
    """
)
# The account's facts are read from the first to the last: minutes, where there are tens of millions.
_LIMIT = text("set local statement_timeout = '30min'")
# No two time zones are further apart than these.
_A_DAY_OFF = (timedelta(days=-1), timedelta(0), timedelta(days=1))


async def share_upkeep(work: Work) -> None:
    """Taken by every batch of facts: any number of them at once, but none while a stretch is counted anew.

    Sees to it that there is a generation to count them in; until the account is told of, days are those of UTC.
    """
    await work.session.execute(select(func.pg_advisory_xact_lock_shared(_lock(work))))
    await begin(work, "UTC")


async def hold_upkeep(work: Work) -> None:
    """Taken by whoever changes what facts are counted by: waits for the batches on their way, and holds up new ones."""
    await work.session.execute(select(func.pg_advisory_xact_lock(_lock(work))))


async def begin(work: Work, time_zone: str) -> None:
    """The first generation, if the account has none."""
    values = {"account_id": work.account_id, "time_zone": time_zone, "now": work.now}
    await work.session.execute(_BEGIN, values)


async def drop_empty_cells(work: Work, places: Collection[tuple[str, date]]) -> None:
    """After facts of these schemes and UTC days were counted out. A cell that nothing is left in would show as a group
    of nobody."""
    if places:
        days = {day + off for _, day in places for off in _A_DAY_OFF}
        values = {"account_id": work.account_id, "days": list(days), "schemes": list({scheme for scheme, _ in places})}
        await work.session.execute(_DROP_EMPTY, values)


async def count_stretch(work: Work, number: int, since: datetime, until: datetime) -> int:
    """Count what happened from `since` on and before `until` in this generation; returns how many facts that were."""
    values = {"account_id": work.account_id, "number": number, "since": since, "until": until}
    return int(await work.session.scalar(_COUNT_STRETCH, values | {"schemes": list(SCHEMES)}) or 0)


async def counted_facts(work: Work, number: int) -> int:
    """How many facts the cells of this generation have counted."""
    return int(await work.session.scalar(_COUNTED_FACTS, {"account_id": work.account_id, "number": number}) or 0)


async def differences(work: Work) -> int:
    """How many cells that answers come from say something else than the facts do. Anything but 0 is a defect."""
    await work.session.execute(_LIMIT)
    return int(await work.session.scalar(_DIFFERENT_FROM_FACTS, {"account_id": work.account_id}) or 0)


async def differences_between(work: Work, number: int, another: int) -> int:
    """How many cells of two generations of one time zone are not the same."""
    values = {"account_id": work.account_id, "number": number, "another": another}
    return int(await work.session.scalar(_DIFFERENT_GENERATIONS, values) or 0)


def _lock(work: Work) -> ColumnElement[int]:
    return func.hashtextextended(f"rollups of {work.account_id}", 0)

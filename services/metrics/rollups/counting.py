"""How facts become cells: on the way in, and again from the beginning."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, func, select, text

from services.metrics.facts.reading import HIGHEST_SCORE, Exclusion
from services.metrics.rollups.models import EXCLUSIONS, KEY, SCORES, SUMS
from shared.work import Work

DAY = "(occurred_at at time zone 'UTC')::date"

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
# Facts of `source` have a `day` and a `sign`: 1 to be counted in, -1 to be counted out.
ADD_TO_ROLLUPS = f"""
    insert into metrics.rollups as cell ({_KEY}, {_COUNTS})
    {_CELLS} order by {_KEY}
    on conflict ({_KEY}) do update set {", ".join(f"{name} = cell.{name} + excluded.{name}" for name in _ALL)}
"""
_ALL_FACTS = f"(select *, {DAY} as day, 1 as sign from metrics.facts where account_id = :account_id) as every_fact"
_MINE = "account_id = :account_id"

_CLEAR = text(f"delete from metrics.rollups where {_MINE}")
_COUNT_AGAIN = text(ADD_TO_ROLLUPS.format(source=_ALL_FACTS))
_DROP_EMPTY = text(
    f"delete from metrics.rollups where {_MINE} and day = any(:days) "
    f"and {' and '.join(f'{name} = 0' for name in (*SCORES, *EXCLUSIONS))}"
)
_DIFFERENT = text(
    f"""
    with counted as ({_CELLS.format(source=_ALL_FACTS)}),
    kept as (select {_KEY}, {_COUNTS} from metrics.rollups where {_MINE})
    select count(*) from (
        select distinct {_KEY} from (
            (table counted except table kept) union all (table kept except table counted)
        ) as different
    ) as cells
    """
)
# The account's facts are read from the first to the last: minutes, where there are tens of millions.
_LIMIT = text("set local statement_timeout = '30min'")


async def share_upkeep(work: Work) -> None:
    """Taken by every batch of facts: any number of them at once, but none during a rebuild."""
    await work.session.execute(select(func.pg_advisory_xact_lock_shared(_lock(work))))


async def hold_upkeep(work: Work) -> None:
    """Taken by whoever changes what facts are counted by: waits for the batches on their way, and holds up new ones."""
    await work.session.execute(select(func.pg_advisory_xact_lock(_lock(work))))


async def drop_empty_cells(work: Work, days: Sequence[date]) -> None:
    """After facts of these days were counted out. A cell that nothing is left in would show as a group of nobody."""
    if days:
        await work.session.execute(_DROP_EMPTY, {"account_id": work.account_id, "days": days})


async def differences(work: Work) -> int:
    """How many cells say something else than the facts do. Anything but 0 is a defect."""
    await work.session.execute(_LIMIT)
    return int(await work.session.scalar(_DIFFERENT, {"account_id": work.account_id}) or 0)


async def rebuild(work: Work) -> int:
    """Count all facts of the account again. Returns how many cells were wrong.

    Facts that arrive meanwhile wait until this is committed.
    """
    await hold_upkeep(work)
    wrong = await differences(work)
    if wrong:
        await work.session.execute(_CLEAR, {"account_id": work.account_id})
        await work.session.execute(_COUNT_AGAIN, {"account_id": work.account_id})
    return wrong


def _lock(work: Work) -> ColumnElement[int]:
    return func.hashtextextended(f"rollups of {work.account_id}", 0)

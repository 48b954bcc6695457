"""From who was seen when to how many stay."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from services.metrics.cohorts import queries
from services.metrics.cohorts import schemas as s
from services.metrics.cohorts.queries import Begun
from services.metrics.scores.schemas import ConfidenceInterval, ExcludedCustomers
from services.metrics.worth.policy import policy_of
from services.metrics.worth.schemas import Beginning
from services.metrics.worth.window import Window
from shared.statistics import LEVEL, shown, wilson
from shared.work import Work

# Fewer than this are shown, but nothing should be concluded from them.
ENOUGH = 30
FORMULA = (
    "100 · those of a cohort who show in the period what `active_by` names / n; the cohort is everybody whose first "
    "activity of `starts_with` lies in it"
)
VERSION = 1


async def answer(
    work: Work, *, starts: Sequence[Beginning], interval: s.Interval, window: Window, most: int
) -> s.CohortsAnswer:
    """Cohorts of the window, each over at most `most` periods after its own."""
    policy = await policy_of(work)
    starts = starts or policy.begins_with
    found = await queries.cohorts(
        work,
        starts=starts,
        active=policy.active_by,
        interval=interval,
        window=window,
    )
    cohorts = [_cohort(work, first, found[first], interval, window, most) for first in sorted(found)]
    together = Begun(n=sum(each.n for each in found.values()))
    for each in found.values():
        together.excluded.update(each.excluded)
    return s.CohortsAnswer(
        starts_with=list(starts),
        active_by=policy.active_by,
        interval=interval,
        unit="percent",
        formula=FORMULA,
        formula_version=VERSION,
        time_zone=window.calendar.time_zone,
        from_=window.start,
        to=window.end,
        watermark=await queries.watermark(work),
        n=together.n,
        insufficient=together.n < ENOUGH,
        excluded=_excluded(together.excluded),
        cohorts=cohorts,
        together=list(_pooled(cohorts)),
    )


def _cohort(work: Work, first: date, begun: Begun, interval: s.Interval, window: Window, most: int) -> s.Cohort:
    periods = []
    today = window.calendar.today(work.now)
    start = first
    for number in range(most + 1):
        if start > today:
            break
        end = following(start, interval)
        periods.append(_period(begun, number, start, end, is_complete=end <= today))
        start = end
    return s.Cohort(
        from_=max(first, window.start),
        to=min(following(first, interval), window.end),
        n=begun.n,
        insufficient=begun.n < ENOUGH,
        excluded=_excluded(begun.excluded),
        periods=periods,
    )


def _period(begun: Begun, number: int, start: date, end: date, *, is_complete: bool) -> s.CohortPeriod:
    active = begun.active[start]
    is_measured = is_complete and begun.n > 0
    share = share_of(active, begun.n) if is_measured else {"share": None, "interval": None}
    return s.CohortPeriod(number=number, from_=start, to=end, complete=is_complete, active=active, **share)


def _pooled(cohorts: Sequence[s.Cohort]) -> Iterator[s.PooledPeriod]:
    n: Counter[int] = Counter()
    active: Counter[int] = Counter()
    for cohort in cohorts:
        for period in cohort.periods:
            if period.share is not None:
                n[period.number] += cohort.n
                active[period.number] += period.active
    for number in sorted(n):
        share = share_of(active[number], n[number])
        yield s.PooledPeriod(
            number=number, n=n[number], active=active[number], insufficient=n[number] < ENOUGH, **share
        )


def share_of(count: int, n: int) -> dict[str, Any]:
    """`share` in percent, with Wilson's interval; `n` is not 0."""
    low, high = wilson(count / n, n)
    interval = ConfidenceInterval(low=shown(100 * low), high=shown(100 * high), level=LEVEL)
    return {"share": shown(100 * count / n), "interval": interval}


def following(start: date, interval: s.Interval) -> date:
    """The first day of the next period."""
    if interval == "week":
        return start + timedelta(days=7)
    return (start + timedelta(days=32)).replace(day=1)


def _excluded(counts: Mapping[str, int]) -> ExcludedCustomers:
    return ExcludedCustomers(restricted=counts.get("restricted", 0), no_consent=counts.get("no_consent", 0))

"""What invitations, attempts and conversations say about a selection."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Subquery, and_, case, func, literal_column, null, select

from services.metrics.episodes.catalogue import EpisodeMetric
from services.metrics.people.models import Person
from services.metrics.scores.counted import Place
from services.metrics.scores.selection import Axis, Period, Selection, filters_on, first_day, value_of
from services.metrics.tickets.catalogue import Left
from services.metrics.tickets.queries import BAD, GOOD, Outcomes
from shared.work import Work


async def tallies(
    work: Work, selection: Selection, metric: EpisodeMetric, *, axes: Sequence[Axis], period: Period
) -> dict[Place, Outcomes]:
    """In each period and group with any."""
    cells = _cases(work, selection, metric).subquery("cells")
    start = null() if period is Period.TOTAL else first_day(cells.c.day, period, selection)
    groups = [value_of(cells, axis) for axis in axes]
    statement = (
        select(start, cells.c.outcome, func.count(), *groups)
        .where(*filters_on(cells, selection))
        .group_by(literal_column("1"), cells.c.outcome, *groups)
    )
    tallied: dict[Place, Outcomes] = {}
    for place_start, outcome, n, *group in await work.session.execute(statement, {"now": work.now}):
        tallied.setdefault((place_start, tuple(group)), Outcomes()).counts[outcome, None] += n
    return tallied


def rows_behind(work: Work, selection: Selection, metric: EpisodeMetric, left: Left | None) -> Subquery:
    """One row for each that `tallies` counts, or leaves out for this reason."""
    cells = _cases(work, selection, metric).subquery("cells")
    counts = cells.c.outcome.in_((GOOD, BAD)) if left is None else cells.c.outcome == left.value
    return select(cells).where(counts, *filters_on(cells, selection)).params(now=work.now).subquery("rows")


async def watermark(work: Work, metric: EpisodeMetric) -> datetime | None:
    """When the newest of its rows happened."""
    newest = select(func.max(metric.at)).where(metric.source.table.account_id == work.account_id)
    found: datetime | None = await work.session.scalar(newest)
    return found


def _cases(work: Work, selection: Selection, metric: EpisodeMetric) -> Select[Any]:
    """With whether their customers may be computed on."""
    table = metric.source.table
    left_out = [(term, reason.value) for reason, term in metric.left_out]
    outcome = case((Person.exclusion.is_not(None), Person.exclusion), *left_out, (metric.good, GOOD), else_=BAD)
    same = (Person.account_id == work.account_id, Person.person_id == table.customer_id)
    return (
        select(
            metric.source.row_id.label("row_id"),
            table.customer_id.label("customer_id"),
            metric.at.label("at"),
            outcome.label("outcome"),
            selection.calendar.day_of(metric.at).label("day"),
            *(column.label(by.column) for by, column in metric.source.columns.items()),
        )
        .outerjoin(Person, and_(*same))
        .where(table.account_id == work.account_id, selection.holds(metric.at))
    )

"""What the rollups and the facts say about a selection."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Integer,
    Select,
    and_,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.sql.expression import FromClause

from services.metrics.facts.models import UNRATED, Fact, Watermark
from services.metrics.facts.reading import INDEX, Exclusion, Family
from services.metrics.rollups.models import EXCLUSIONS, SCORES, SUMS, rollups
from services.metrics.scores.counted import Place
from services.metrics.scores.histograms import Scale, Tally
from services.metrics.scores.selection import Axis, Period, Selection, filters_on, first_day, is_rolled_up, value_of
from services.metrics.surveys.models import Survey
from shared.http.errors import Unacceptable
from shared.work import Work

MOST_ROWS = 20_000
_COUNTS = len(SCORES) + len(EXCLUSIONS)


async def tallies(
    work: Work, selection: Selection, scheme: Family, *, axes: Sequence[Axis], period: Period
) -> dict[Place, Tally]:
    """What was counted, in each period and group in which anything was. Raises `Unacceptable` if that is too much."""
    if all(map(is_rolled_up, [*axes, *selection.filters])):
        return await _from_cells(work, selection, scheme, axes, period)
    return await _from_facts(work, selection, scheme, axes, period)


async def _from_cells(
    work: Work, selection: Selection, scheme: Family, axes: Sequence[Axis], period: Period
) -> dict[Place, Tally]:
    start = null() if period is Period.TOTAL else first_day(rollups.c.day, period, selection)
    groups = [value_of(rollups, axis) for axis in axes]
    sums: list[ColumnElement[Any]] = [func.sum(rollups.c[name]) for name in (*SCORES, *EXCLUSIONS)]
    if scheme == INDEX:
        sums += [func.sum(rollups.c[name]) for name in SUMS]
    statement = (
        select(start, rollups.c.minimum, rollups.c.maximum, *groups, *sums)
        .where(
            is_about(rollups, work, scheme),
            rollups.c.generation == selection.calendar.generation,
            rollups.c.day >= selection.start,
            rollups.c.day < selection.end,
            *filters_on(rollups, selection),
        )
        .group_by(literal_column("1"), rollups.c.minimum, rollups.c.maximum, *groups)
    )
    return await _told(work, statement, len(axes))


async def _from_facts(
    work: Work, selection: Selection, scheme: Family, axes: Sequence[Axis], period: Period
) -> dict[Place, Tally]:
    """What cells are not kept by, counted when it is asked for."""
    facts = Fact.__table__
    day = selection.calendar.day_of(Fact.occurred_at)
    start = null() if period is Period.TOTAL else first_day(cast(day, Date), period, selection)
    keys = [start, Fact.minimum, Fact.maximum, *(value_of(facts, axis) for axis in axes)]
    named = [key.label(f"key_{place}") for place, key in enumerate(keys)]
    sums = [func.sum(each) for each in (Fact.index, Fact.index * Fact.index)] if scheme == INDEX else []
    # Each score of each group first: millions of facts are read once, and become thousands of rows to be put together.
    # Numbered, because a bound value in an expression is not the same one twice.
    counted = (
        select(
            *named,
            Fact.points,
            Fact.exclusion,
            # Sums of whole numbers are decimals unless these are short.
            cast(func.count(), Integer).label("n"),
            *(each.label(name) for name, each in zip(SUMS, sums, strict=False)),
        )
        .where(is_about(facts, work, scheme), selection.holds(Fact.occurred_at), *filters_on(facts, selection))
        .group_by(*(literal_column(str(number)) for number in range(1, len(keys) + 3)))
        .cte("counted")
    )
    counts = counted.c.exclusion.is_(None)
    totals: list[ColumnElement[Any]] = [
        *(_total(counted.c.n, and_(counts, counted.c.points == score)) for score in range(len(SCORES))),
        *(_total(counted.c.n, counted.c.exclusion == reason) for reason in EXCLUSIONS),
        *(_total(counted.c[name], counts) for name in SUMS if name in counted.c),
    ]
    groups = [counted.c[each.name] for each in named]
    return await _told(work, select(*groups, *totals).group_by(*groups), len(axes))


def _total(values: ColumnElement[Any], which: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(values).filter(which), 0)


async def _told(work: Work, statement: Select[Any], axes: int) -> dict[Place, Tally]:
    """Of rows of a start, the bounds of a scale, a value for each axis, and what cells have, of an index with sums."""
    found: dict[Place, Tally] = defaultdict(Tally)
    for start, minimum, maximum, *rest in await _few(work, statement, MOST_ROWS):
        tally = found[start, tuple(rest[:axes])]
        counts, sums = rest[axes : axes + _COUNTS], rest[axes + _COUNTS :]
        tally.add(_scale(minimum, maximum), counts[: len(SCORES)], counts[len(SCORES) :])
        if sums:
            tally.histogram.add_index(*sums)
    return found


async def _few(work: Work, statement: Select[Any], most: int) -> Sequence[Any]:
    rows: Sequence[Any] = (await work.session.execute(statement.limit(most + 1))).all()
    if len(rows) > most:
        detail = "Too many different values for one answer; filter, or choose a longer interval."
        raise Unacceptable.field("query:by", "too_many_groups", detail)
    return rows


def _scale(minimum: int | None, maximum: int | None) -> Scale | None:
    return None if minimum is None or maximum is None else Scale(minimum, maximum)


def facts_behind(work: Work, selection: Selection, scheme: Family, exclusion: Exclusion | None) -> Select[Any]:
    """The facts that `tallies` has counted, or those it has left out for this reason."""
    is_unrated = exclusion is Exclusion.NO_RATING
    return select(Fact).where(
        Fact.account_id == work.account_id,
        # One scheme alone, so that the index gives the rows in order.
        Fact.scheme == (UNRATED if is_unrated else scheme),
        Fact.survey_id.in_(_surveys_asking(work, scheme)) if is_unrated else true(),
        Fact.exclusion.is_(None) if exclusion is None else Fact.exclusion == exclusion.value,
        selection.holds(Fact.occurred_at),
        *filters_on(Fact.__table__, selection),
    )


async def watermark(work: Work) -> datetime | None:
    """When the newest feedback that is counted here was received."""
    return await work.session.scalar(select(Watermark.received_at).where(Watermark.account_id == work.account_id))


async def survey_names(work: Work, survey_ids: Collection[UUID]) -> Mapping[UUID, str]:
    """Names of those that are known by now."""
    named = select(Survey.survey_id, Survey.name).where(
        Survey.account_id == work.account_id, Survey.survey_id.in_(survey_ids)
    )
    return {row.survey_id: row.name for row in await work.session.execute(named)}


def is_about(cells: FromClause, work: Work, scheme: Family) -> ColumnElement[bool]:
    """Ratings of the scheme, and what was left unrated in surveys that ask for one."""
    return and_(
        cells.c.account_id == work.account_id,
        cells.c.scheme.in_([scheme, UNRATED]),
        or_(cells.c.scheme == scheme, cells.c.survey_id.in_(_surveys_asking(work, scheme))),
    )


def _surveys_asking(work: Work, scheme: Family) -> Select[Any]:
    return select(Survey.survey_id).where(Survey.account_id == work.account_id, Survey.kind == scheme)

"""What the rollups and the facts say about a selection."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
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
from services.metrics.facts.reading import Exclusion, Family
from services.metrics.rollups.models import EXCLUSIONS, SCORES, SUMS, rollups
from services.metrics.scores.counted import Place
from services.metrics.scores.histograms import Scale, Tally
from services.metrics.scores.selection import Axis, Period, Selection, filters_on, first_day, is_rolled_up, value_of
from services.metrics.surveys.models import Survey
from shared.http.errors import Unacceptable
from shared.work import Work

MOST_ROWS = 20_000
# Where points and exclusions are counted.
_COUNTS = {what: place for place, what in enumerate((*range(len(SCORES)), *EXCLUSIONS))}


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
    sums: list[ColumnElement[Any]] = [cast(func.sum(rollups.c[name]), BigInteger) for name in (*SCORES, *EXCLUSIONS)]
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
    found: dict[Place, Tally] = defaultdict(Tally)
    for place_start, minimum, maximum, *rest in await _few(work, statement, MOST_ROWS):
        group, counts = tuple(rest[: len(axes)]), rest[len(axes) : -2]
        tally = found[place_start, group]
        tally.add(_scale(minimum, maximum), counts[: len(SCORES)], counts[len(SCORES) :])
        tally.histogram.add_index(*rest[-2:])
    return found


async def _from_facts(
    work: Work, selection: Selection, scheme: Family, axes: Sequence[Axis], period: Period
) -> dict[Place, Tally]:
    """What cells are not kept by, counted when it is asked for: one row for each score of each group."""
    facts = Fact.__table__
    day = selection.calendar.day_of(Fact.occurred_at)
    start = null() if period is Period.TOTAL else first_day(cast(day, Date), period, selection)
    # Numbered, because a bound value in an expression is not the same one twice.
    keys = [start, *(value_of(facts, axis) for axis in axes), Fact.minimum, Fact.maximum, Fact.points, Fact.exclusion]
    sums = [func.coalesce(func.sum(each), 0) for each in (Fact.index, Fact.index * Fact.index)]
    statement = (
        select(*keys, func.count(), *sums)
        .where(is_about(facts, work, scheme), selection.holds(Fact.occurred_at), *filters_on(facts, selection))
        .group_by(*(literal_column(str(number)) for number in range(1, len(keys) + 1)))
    )
    found: dict[Place, Tally] = defaultdict(Tally)
    # As cells have them; many rows go into one.
    counts: dict[tuple[Place, Scale | None], list[int]] = defaultdict(lambda: [0] * len(_COUNTS))
    for place_start, *rest in await _few(work, statement, MOST_ROWS * len(SCORES)):
        minimum, maximum, points, exclusion, count, index_sum, index_squares = rest[len(axes) :]
        place = place_start, tuple(rest[: len(axes)])
        counts[place, _scale(minimum, maximum)][_COUNTS[points if exclusion is None else exclusion]] += count
        if index_sum and exclusion is None:
            found[place].histogram.add_index(index_sum, index_squares)
    for (place, scale), each in counts.items():
        found[place].add(scale, each[: len(SCORES)], each[len(SCORES) :])
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

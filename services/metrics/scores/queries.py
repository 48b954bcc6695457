"""What the rollups and the facts say about a selection."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    case,
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
from services.metrics.scores.selection import By, Period, Selection, filters_on, first_day
from services.metrics.surveys.models import Survey
from shared.http.errors import Unacceptable
from shared.work import Work

MOST_ROWS = 20_000


async def tallies(
    work: Work,
    selection: Selection,
    scheme: Family,
    *,
    by: By | None,
    dimension: str | None = None,
    period: Period,
) -> dict[Place, Tally]:
    """What was counted, in each period and group in which anything was. Raises `Unacceptable` if that is too much."""
    cells: FromClause = rollups if dimension is None else _cells_by(dimension, work, selection)
    start = null() if period is Period.TOTAL else first_day(cells.c.day, period, selection)
    group = cells.c.dimension if dimension is not None else null() if by is None else cells.c[by.column]
    sums: list[ColumnElement[Any]] = [cast(func.sum(cells.c[name]), BigInteger) for name in (*SCORES, *EXCLUSIONS)]
    sums += [func.sum(cells.c[name]) for name in SUMS]
    statement = (
        select(start.label("start"), group.label("group"), cells.c.minimum, cells.c.maximum, *sums)
        .where(
            _is_about(cells, work, scheme),
            cells.c.generation == selection.calendar.generation if dimension is None else true(),
            cells.c.day >= selection.start,
            cells.c.day < selection.end,
            *filters_on(cells, selection),
        )
        .group_by(literal_column("1"), literal_column("2"), cells.c.minimum, cells.c.maximum)
        .limit(MOST_ROWS + 1)
    )
    rows = (await work.session.execute(statement)).all()
    if len(rows) > MOST_ROWS:
        detail = "Too many different values for one answer; filter, or choose a longer interval."
        raise Unacceptable.field("query:by", "too_many_groups", detail)
    found: dict[Place, Tally] = {}
    for place_start, place_group, minimum, maximum, *counts, index_sum, index_squares in rows:
        tally = found.setdefault((place_start, place_group), Tally())
        scale = Scale(minimum, maximum) if minimum is not None else None
        tally.add(scale, counts[: len(SCORES)], counts[len(SCORES) :])
        tally.histogram.add_index(index_sum, index_squares)
    return found


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


def _cells_by(dimension: str, work: Work, selection: Selection) -> FromClause:
    """Every fact of the window as a cell of its own, since rollups do not keep what only some answers have."""
    counts = Fact.exclusion.is_(None)
    columns: list[ColumnElement[Any]] = [
        *(case((and_(counts, Fact.points == points), 1), else_=0).label(f"s{points}") for points in range(len(SCORES))),
        *(case((Fact.exclusion == name, 1), else_=0).label(name) for name in EXCLUSIONS),
        case((counts, func.coalesce(Fact.index, 0)), else_=0).label("index_sum"),
        case((counts, func.coalesce(Fact.index * Fact.index, 0)), else_=0).label("index_squares"),
    ]
    return (
        select(
            *(Fact.account_id, Fact.scheme, Fact.minimum, Fact.maximum),
            *(Fact.channel, Fact.touchpoint, Fact.survey_id, Fact.journey_stage),
            selection.calendar.day_of(Fact.occurred_at).label("day"),
            Fact.dimensions[dimension].astext.label("dimension"),
            *columns,
        )
        .where(
            Fact.account_id == work.account_id,
            selection.holds(Fact.occurred_at),
        )
        .subquery("cells")
    )


def _is_about(cells: FromClause, work: Work, scheme: Family) -> ColumnElement[bool]:
    """Ratings of the scheme, and what was left unrated in surveys that ask for one."""
    return and_(
        cells.c.account_id == work.account_id,
        cells.c.scheme.in_([scheme, UNRATED]),
        or_(cells.c.scheme == scheme, cells.c.survey_id.in_(_surveys_asking(work, scheme))),
    )


def _surveys_asking(work: Work, scheme: Family) -> Select[Any]:
    return select(Survey.survey_id).where(Survey.account_id == work.account_id, Survey.kind == scheme)

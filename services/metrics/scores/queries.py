"""What the rollups and the facts say about a selection."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
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
from services.metrics.facts.reading import Exclusion
from services.metrics.rollups.models import EXCLUSIONS, SCORES, SUMS, rollups
from services.metrics.scores.histograms import Scale, Tally
from services.metrics.scores.selection import By, Period, Selection
from services.metrics.surveys.models import Survey
from shared.contracts.ratings import RatingScheme
from shared.http.errors import Unacceptable
from shared.work import Work

MOST_ROWS = 20_000

# First day of the period (None for the whole window), and the value of what is told apart (None without one).
Place = tuple[date | None, Any]


async def tallies(
    work: Work, selection: Selection, scheme: RatingScheme, *, by: By | None, period: Period
) -> dict[Place, Tally]:
    """What was counted, in each period and group in which anything was. Raises `Unacceptable` if that is too much."""
    start = null() if period is Period.TOTAL else _first_day(period, selection)
    group = null() if by is None else rollups.c[by.column]
    sums: list[ColumnElement[Any]] = [cast(func.sum(rollups.c[name]), BigInteger) for name in (*SCORES, *EXCLUSIONS)]
    sums += [func.sum(rollups.c[name]) for name in SUMS]
    statement = (
        select(start.label("start"), group.label("group"), rollups.c.minimum, rollups.c.maximum, *sums)
        .where(
            _is_about(work, scheme),
            rollups.c.day >= selection.start,
            rollups.c.day < selection.end,
            *_filters(rollups, selection),
        )
        .group_by(literal_column("1"), literal_column("2"), rollups.c.minimum, rollups.c.maximum)
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


def facts_behind(work: Work, selection: Selection, scheme: RatingScheme, exclusion: Exclusion | None) -> Select[Any]:
    """The facts that `tallies` has counted, or those it has left out for this reason."""
    is_unrated = exclusion is Exclusion.NO_RATING
    return select(Fact).where(
        Fact.account_id == work.account_id,
        # One scheme alone, so that the index gives the rows in order.
        Fact.scheme == (UNRATED if is_unrated else scheme),
        Fact.survey_id.in_(_surveys_asking(work, scheme)) if is_unrated else true(),
        Fact.exclusion.is_(None) if exclusion is None else Fact.exclusion == exclusion.value,
        Fact.occurred_at >= selection.start_time,
        Fact.occurred_at < selection.end_time,
        *_filters(Fact.__table__, selection),
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


def _is_about(work: Work, scheme: RatingScheme) -> ColumnElement[bool]:
    """Ratings of the scheme, and what was left unrated in surveys that ask for one."""
    return and_(
        rollups.c.account_id == work.account_id,
        rollups.c.scheme.in_([scheme, UNRATED]),
        or_(rollups.c.scheme == scheme, rollups.c.survey_id.in_(_surveys_asking(work, scheme))),
    )


def _surveys_asking(work: Work, scheme: RatingScheme) -> Select[Any]:
    return select(Survey.survey_id).where(Survey.account_id == work.account_id, Survey.kind == scheme)


def _filters(table: FromClause, selection: Selection) -> list[ColumnElement[bool]]:
    return [table.c[by.column].in_(values) for by, values in selection.filters.items()]


def _first_day(period: Period, selection: Selection) -> ColumnElement[Any]:
    """Of the period that the day lies in; the first period begins with the window."""
    if period is Period.DAY:
        return rollups.c.day
    return func.greatest(cast(func.date_trunc(period.value, rollups.c.day), Date), cast(selection.start, Date))

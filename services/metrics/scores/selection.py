"""What a question is about: a window of whole days, filters, and what to tell apart."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BeforeValidator, PlainValidator, WithJsonSchema
from sqlalchemy import ColumnElement, Date, SQLColumnExpression, cast, func
from sqlalchemy.sql.expression import FromClause

from services.metrics.scores.auth import MetricsRead
from services.metrics.scores.days import Calendar, calendar_of
from services.metrics.tickets.course import HandledBy
from shared.contracts.conversations import HandoffReason
from shared.contracts.tickets import Priority, TargetName
from shared.http.errors import Unacceptable

USUAL_DAYS = 90
MOST_PERIODS = 1_000
EARLIEST, LATEST = 1900, 2200


class By(StrEnum):
    """What feedback, tickets and money can be told apart by. Whose a ticket is, is whose it was when resolved."""

    CHANNEL = "channel"
    TOUCHPOINT = "touchpoint"
    SURVEY = "survey"
    JOURNEY_STAGE = "journey_stage"
    LOCALE = "locale"
    VARIANT = "variant"
    LOCATION = "location"
    PRODUCT = "product"
    TEAM = "team"
    AGENT = "agent"
    PRIORITY = "priority"
    HANDLED_BY = "handled_by"
    TARGET = "target"
    CURRENCY = "currency"
    LAST_QUESTION = "last_question"
    HANDOFF_REASON = "handoff_reason"

    @property
    def column(self) -> str:
        return _COLUMNS.get(self, self.value)


# A kind of group; a plain text names a dimension of the answers.
Axis = By | str
MOST_AXES: Final = 2
_COLUMNS: Final = {By.SURVEY: "survey_id", By.LOCALE: "language", By.TEAM: "team_id", By.AGENT: "assignee_id"}
# What cells are kept by. By anything else, facts are counted when asked.
ROLLED_UP: Final = frozenset({By.CHANNEL, By.TOUCHPOINT, By.SURVEY, By.JOURNEY_STAGE, By.LOCALE, By.VARIANT})
OF_FEEDBACK: Final = ROLLED_UP | {By.LOCATION, By.PRODUCT}
OF_TICKETS: Final = frozenset({By.CHANNEL, By.TEAM, By.AGENT, By.PRIORITY, By.HANDLED_BY})


class Period(StrEnum):
    """How long the periods of a series are. Weeks begin on Monday (ISO 8601)."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    TOTAL = "total"


_AXES: Final = "^({names})(,({names}))?$".format(names="|".join(By))


def _in_words(by: Any) -> Any:
    """What the pattern refuses is refused before it, in a sentence instead of the pattern."""
    if isinstance(by, str) and not re.fullmatch(_AXES, by):
        names = ", ".join(f"`{name}`" for name in By)
        raise ValueError(f"must be one of {names}, or two of them with a comma between; `dimension` takes all others")
    return by


def _day(value: Any) -> date | datetime:
    """A day, or the instant that it begins at."""
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise ValueError("is not a date such as 2026-03-01") from None
    if not EARLIEST <= moment.year < LATEST:
        raise ValueError(f"is not between the years {EARLIEST} and {LATEST}")
    if moment.tzinfo is None and len(value) > len("2026-03-01"):
        raise ValueError("needs a time zone: 2026-03-01T00:00:00Z, or only the date")
    return moment if moment.tzinfo else moment.date()


Day = Annotated[date | datetime, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Names = Annotated[list[str], Query(max_length=50)]
Ids = Annotated[list[UUID], Query(max_length=50)]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is from `start` (included) to `end` (excluded), in days of the calendar, and has, for each filter, one of
    its values."""

    start: date
    end: date
    filters: Mapping[By, Sequence[Any]]
    calendar: Calendar

    @property
    def start_time(self) -> datetime:
        return self.calendar.begin(self.start)

    @property
    def end_time(self) -> datetime:
        return self.calendar.begin(self.end)

    def holds(self, moment: SQLColumnExpression[Any]) -> SQLColumnExpression[bool]:
        return self.calendar.within(moment, self.start, self.end)

    @property
    def query(self) -> str:
        """It, as a part of an address."""
        named = [(f"filter[{by.value}]", str(value)) for by, values in self.filters.items() for value in values]
        return urlencode([("from", self.start.isoformat()), ("to", self.end.isoformat()), *named], safe="[]")

    def periods(self, period: Period) -> list[tuple[date, date]]:
        """The periods of the window in order, the first and the last cut to it. Raises `Unacceptable` if too many."""
        found, start = [], self.start
        while start < self.end:
            end = min(_next(start, period) or self.end, self.end)
            found.append((start, end))
            if len(found) > MOST_PERIODS:
                detail = f"More than {MOST_PERIODS} periods; choose a longer interval or a shorter window."
                raise Unacceptable.field("query:interval", "too_many_periods", detail)
            start = end
        return found


def _next(day: date, period: Period) -> date | None:
    """The first day of the next period."""
    if period is Period.DAY:
        return day + timedelta(days=1)
    if period is Period.WEEK:
        return day + timedelta(days=7 - day.weekday())
    if period is Period.MONTH:
        return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    if period is Period.QUARTER:
        last_month = day.replace(month=(day.month + 2) // 3 * 3, day=1)
        return (last_month + timedelta(days=32)).replace(day=1)
    return None


def filters_on(table: FromClause, selection: Selection) -> list[ColumnElement[bool]]:
    return [value_of(table, by).in_(values) for by, values in selection.filters.items()]


def value_of(table: FromClause, axis: Axis) -> ColumnElement[Any]:
    """What a row of the table has there: a column, or, in facts, a dimension of the answer."""
    if isinstance(axis, By) and axis.column in table.c:
        return table.c[axis.column]
    if "dimensions" not in table.c:
        return table.c[str(axis)]
    found: ColumnElement[Any] = table.c.dimensions[str(axis)].astext
    return found


def is_rolled_up(axis: Axis) -> bool:
    """A dimension of the answers may be called like something else that they are told apart by."""
    return axis in ROLLED_UP if isinstance(axis, By) else axis == By.VARIANT.value


def axes(
    by: Annotated[
        str | None,
        Query(
            pattern=_AXES,
            description="What to tell apart; two of them with a comma, such as `channel,touchpoint`.",
            examples=["channel", "channel,touchpoint"],
        ),
        BeforeValidator(_in_words),
    ] = None,
    dimension: Annotated[
        str | None,
        Query(
            pattern=r"^[a-z][a-z0-9_]{0,39}$",
            description="A dimension of the answers, such as `wave` or a field of yours, alone or beside one `by`.",
        ),
    ] = None,
) -> Sequence[Axis]:
    """What an answer is told apart by, in order. Raises `Unacceptable` for more than can be read."""
    named: list[Axis] = [By(name) for name in by.split(",")] if by else []
    asked = [*named, dimension] if dimension else named
    if len(asked) > MOST_AXES or len(set(asked)) < len(asked):
        pointer = "query:dimension" if dimension else "query:by"
        detail = f"Answers are told apart by at most {MOST_AXES} different things."
        raise Unacceptable.field(pointer, "too_many_dimensions", detail)
    return asked


AxesQuery = Annotated[Sequence[Axis], Depends(axes)]


def first_day(day: ColumnElement[Any], period: Period, selection: Selection) -> ColumnElement[Any]:
    """Of the period that the day lies in; the first period begins with the window."""
    begun = day if period is Period.DAY else cast(func.date_trunc(period.value, day), Date)
    return func.greatest(begun, cast(selection.start, Date))


async def selection(
    work: MetricsRead,
    from_: Annotated[Day | None, Query(alias="from", description="First day; 90 days before `to` if left out.")] = None,
    to: Annotated[Day | None, Query(description="First day not counted; tomorrow if left out.")] = None,
    channel: Annotated[Names, Query(alias="filter[channel]")] = [],  # noqa: B006
    touchpoint: Annotated[Names, Query(alias="filter[touchpoint]")] = [],  # noqa: B006
    survey: Annotated[Ids, Query(alias="filter[survey]")] = [],  # noqa: B006
    journey_stage: Annotated[Names, Query(alias="filter[journey_stage]")] = [],  # noqa: B006
    locale: Annotated[Names, Query(alias="filter[locale]")] = [],  # noqa: B006
    variant: Annotated[Names, Query(alias="filter[variant]")] = [],  # noqa: B006
    location: Annotated[Names, Query(alias="filter[location]")] = [],  # noqa: B006
    product: Annotated[Names, Query(alias="filter[product]")] = [],  # noqa: B006
    team: Annotated[Ids, Query(alias="filter[team]")] = [],  # noqa: B006
    agent: Annotated[Ids, Query(alias="filter[agent]")] = [],  # noqa: B006
    priority: Annotated[list[Priority], Query(alias="filter[priority]")] = [],  # noqa: B006
    handled_by: Annotated[list[HandledBy], Query(alias="filter[handled_by]")] = [],  # noqa: B006
    target: Annotated[list[TargetName], Query(alias="filter[target]")] = [],  # noqa: B006
    currency: Annotated[Names, Query(alias="filter[currency]")] = [],  # noqa: B006
    last_question: Annotated[Names, Query(alias="filter[last_question]")] = [],  # noqa: B006
    handoff_reason: Annotated[list[HandoffReason], Query(alias="filter[handoff_reason]")] = [],  # noqa: B006
) -> Selection:
    calendar = await calendar_of(work)
    end = whole_day(to, calendar, "to") or calendar.today(work.now) + timedelta(days=1)
    start = whole_day(from_, calendar, "from") or end - timedelta(days=USUAL_DAYS)
    if start >= end:
        raise Unacceptable.field("query:from", "empty_window", "`from` must be before `to`, which is not counted.")
    filters: dict[By, Sequence[Any]] = {
        By.CHANNEL: channel,
        By.TOUCHPOINT: touchpoint,
        By.SURVEY: survey,
        By.JOURNEY_STAGE: journey_stage,
        By.LOCALE: locale,
        By.VARIANT: variant,
        By.LOCATION: location,
        By.PRODUCT: product,
        By.TEAM: team,
        By.AGENT: agent,
        By.PRIORITY: priority,
        By.HANDLED_BY: handled_by,
        By.TARGET: target,
        By.CURRENCY: currency,
        By.LAST_QUESTION: last_question,
        By.HANDOFF_REASON: handoff_reason,
    }
    return Selection(start, end, {by: values for by, values in filters.items() if values}, calendar)


def whole_day(given: date | datetime | None, calendar: Calendar, name: str) -> date | None:
    """Counted by whole days, so a time of day other than their beginning cannot be answered exactly."""
    if not isinstance(given, datetime):
        return given
    day = calendar.today(given)
    if calendar.begin(day) != given:
        detail = f"It is not the start of a day in {calendar.time_zone}; scores are counted by whole days."
        raise Unacceptable.field(f"query:{name}", "not_a_day", detail)
    return day


SelectionQuery = Annotated[Selection, Depends(selection)]

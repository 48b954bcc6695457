"""What an answer is compared with: another window, or others who are told apart from those asked about."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import Query

from services.metrics.scores.selection import By, Selection
from services.metrics.tickets.course import HandledBy
from shared.contracts.tickets import Priority, TargetName
from shared.http.errors import Unacceptable

POINTER = "query:compare"


class Comparison(StrEnum):
    PREVIOUS = "previous"
    LAST_YEAR = "last_year"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Against:
    """The question whose answer the other one is compared with."""

    comparison: Comparison
    selection: Selection


CompareQuery = Annotated[
    list[str],
    Query(
        alias="compare",
        max_length=20,
        description="`previous`, `last_year`, or others to compare with, such as `channel:web`.",
    ),
]


def _one_of(kind: Any) -> Callable[[str], str]:
    def read(written: str) -> str:
        if written not in get_args(kind):
            raise ValueError
        return written

    return read


_VALUES: Mapping[By, Callable[[str], Any]] = {
    By.SURVEY: UUID,
    By.TEAM: UUID,
    By.AGENT: UUID,
    By.PRIORITY: _one_of(Priority),
    By.HANDLED_BY: _one_of(HandledBy),
    By.TARGET: _one_of(TargetName),
}


def value_from(by: By, written: str) -> Any:
    """What is filtered for, as it is kept. Raises `ValueError`."""
    return _VALUES.get(by, str)(written)


def against(asked: Selection, compare: Sequence[str]) -> Against | None:
    """None where nothing was to be compared. Raises `Unacceptable` for what cannot be."""
    match list(compare):
        case []:
            return None
        case [Comparison.PREVIOUS]:
            return Against(Comparison.PREVIOUS, _before(asked))
        case [Comparison.LAST_YEAR]:
            return Against(Comparison.LAST_YEAR, _year_before(asked))
    return Against(Comparison.SEGMENT, _others(asked, compare))


def _before(asked: Selection) -> Selection:
    """As long, and up to the first day. Whole months are preceded by as many whole months."""
    start, end = asked.start, asked.end
    if start.day == end.day == 1:
        months = 12 * (end.year - start.year) + end.month - start.month
        year, month = divmod(12 * start.year + start.month - 1 - months, 12)
        return replace(asked, start=date(year, month + 1, 1), end=start)
    return replace(asked, start=start - (end - start), end=start)


def _year_before(asked: Selection) -> Selection:
    """The same dates. A window with a 29th of February in it has the 28th in other years."""
    end = asked.end - timedelta(days=1)
    return replace(asked, start=_in_year_before(asked.start), end=_in_year_before(end) + timedelta(days=1))


def _in_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def _others(asked: Selection, compare: Sequence[str]) -> Selection:
    named: dict[By, list[Any]] = {}
    for each in compare:
        by, value = _part(each)
        named.setdefault(by, []).append(value)
    # A test takes for granted that nobody is on both sides.
    if not any(by in asked.filters and not set(values) & set(asked.filters[by]) for by, values in named.items()):
        by, values = next(iter(named.items()))
        detail = (
            f"Nobody may be on both sides: ask for others with `filter[{by}]=...`, of which none is "
            f"{' or '.join(f'`{value}`' for value in values)}."
        )
        raise Unacceptable.field(POINTER, "not_apart", detail)
    return replace(asked, filters={**asked.filters, **named})


def _part(written: str) -> tuple[By, Any]:
    name, colon, value = written.partition(":")
    try:
        by = By(name)
        if not colon or not value:
            raise ValueError
        return by, value_from(by, value)
    except ValueError:
        detail = f"`{written}` is neither `previous` nor `last_year`, and not of the form `channel:web`."
        raise Unacceptable.field(POINTER, "unknown_comparison", detail) from None

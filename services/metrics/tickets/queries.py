"""What the facts of tickets say about a selection."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Integer,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
    union_all,
)

from services.metrics.people.models import Person
from services.metrics.scores.counted import Place
from services.metrics.scores.selection import Axis, Period, Selection, filters_on, first_day, value_of
from services.metrics.tickets.catalogue import Left, Shape, TicketMetric
from services.metrics.tickets.models import TicketFact, TicketStep, TicketTarget
from shared.http.errors import Unacceptable
from shared.work import Work

# Durations are counted one by one, so that percentiles are exact.
MOST_ROWS = 200_000
GOOD, BAD = "good", "bad"
# What a row behind a number shows, and what tickets are told apart by.
_OF_TICKET = ("channel", "team_id", "assignee_id", "priority", "handled_by")


@dataclass(slots=True)
class Outcomes:
    """How many came out how, and took how long (None for what takes no time)."""

    counts: Counter[tuple[str, int | None]] = field(default_factory=Counter)

    @property
    def good(self) -> int:
        return self._of(GOOD)

    @property
    def bad(self) -> int:
        return self._of(BAD)

    @property
    def n(self) -> int:
        return self.good + self.bad

    @property
    def seconds(self) -> dict[int, int]:
        return {seconds: n for (outcome, seconds), n in self.counts.items() if seconds is not None and outcome == GOOD}

    @property
    def excluded(self) -> dict[Left, int]:
        return {reason: self._of(reason) for reason in Left}

    def merge(self, other: "Outcomes") -> None:
        self.counts.update(other.counts)

    def _of(self, wanted: str) -> int:
        return sum(n for (outcome, _), n in self.counts.items() if outcome == wanted)


async def tallies(
    work: Work, selection: Selection, metric: TicketMetric, *, axes: Sequence[Axis], period: Period
) -> dict[Place, Outcomes]:
    """In each period and group with any. Of a stock: at the period's end. Raises `Unacceptable` if it is too much."""
    is_stock = metric.shape is Shape.STOCK
    found = (
        _moves(work, selection) if is_stock else _cases(work, selection, metric).add_columns(literal(1).label("sign"))
    )
    cells = found.subquery("cells")
    start = null() if period is Period.TOTAL else first_day(cells.c.day, period, selection)
    groups = [value_of(cells, axis) for axis in axes]
    statement = (
        select(start, cells.c.outcome, cells.c.seconds, cast(func.sum(cells.c.sign), Integer), *groups)
        .where(*filters_on(cells, selection))
        .group_by(literal_column("1"), cells.c.outcome, cells.c.seconds, *groups)
        .limit(MOST_ROWS + 1)
    )
    rows = (await work.session.execute(statement, {"now": work.now})).all()
    if len(rows) > MOST_ROWS:
        detail = "Too many different values for one answer; filter, or choose a shorter window."
        raise Unacceptable.field("query:from", "too_many_values", detail)
    tallied: dict[Place, Outcomes] = {}
    for place_start, outcome, seconds, n, *group in rows:
        tallied.setdefault((place_start, tuple(group)), Outcomes()).counts[outcome, seconds] += n
    return _standing(tallied, selection.periods(period)) if is_stock and period is not Period.TOTAL else tallied


def rows_behind(work: Work, selection: Selection, metric: TicketMetric, left: Left | None) -> Subquery:
    """One row for each that `tallies` counts, or leaves out for this reason."""
    found = _open_at_end(work, selection) if metric.shape is Shape.STOCK else _cases(work, selection, metric)
    cells = found.subquery("cells")
    counts = cells.c.outcome.in_((GOOD, BAD)) if left is None else cells.c.outcome == left.value
    return select(cells).where(counts, *filters_on(cells, selection)).params(now=work.now).subquery("rows")


async def watermark(work: Work) -> datetime | None:
    """When what was last heard of a ticket happened."""
    return await work.session.scalar(select(func.max(TicketStep.at)).where(TicketStep.account_id == work.account_id))


def _cases(work: Work, selection: Selection, metric: TicketMetric) -> Select[Any]:
    counted = literal(GOOD) if metric.good is None else case((metric.good, GOOD), else_=BAD)
    left_out: list[tuple[SQLColumnExpression[bool], str]] = [(term, reason.value) for reason, term in metric.left_out]
    outcome = case(_PERSONAL, *left_out, else_=counted)
    seconds: SQLColumnExpression[Any] = cast(null(), Integer) if metric.seconds is None else metric.seconds
    target: SQLColumnExpression[Any] = TicketTarget.target if metric.of_targets else literal("")
    statement = _tickets(work, selection, metric.at, outcome, seconds, target)
    if metric.of_targets:
        same = (TicketTarget.account_id == work.account_id, TicketTarget.ticket_id == TicketFact.ticket_id)
        statement = statement.join(TicketTarget, and_(*same))
    return statement.where(selection.holds(metric.at))


def _moves(work: Work, selection: Selection) -> Select[Any]:
    """Each ticket that became work before the window's end, as 1, and each that ceased to be, as -1."""
    spells = func.unnest(TicketFact.open_during).table_valued("spell", name="spells").render_derived()
    ends = (func.lower(spells.c.spell, type_=_TIMESTAMP), 1), (func.upper(spells.c.spell, type_=_TIMESTAMP), -1)
    moves = []
    for at, sign in ends:
        move = _tickets(work, selection, at, _STOCKED, cast(null(), Integer), literal("")).join(spells, true())
        moves.append(move.add_columns(literal(sign).label("sign")).where(at < selection.end_time))
    return select(union_all(*moves).subquery("moves"))


def _open_at_end(work: Work, selection: Selection) -> Select[Any]:
    statement = _tickets(work, selection, TicketFact.opened_at, _STOCKED, cast(null(), Integer), literal(""))
    return statement.where(TicketFact.open_during.contains(literal(selection.end_time, _TIMESTAMP)))


def _tickets(
    work: Work,
    selection: Selection,
    at: SQLColumnExpression[Any],
    outcome: SQLColumnExpression[Any],
    seconds: SQLColumnExpression[Any],
    target: SQLColumnExpression[Any],
) -> Select[Any]:
    """With whether their customers may be computed on."""
    same = (Person.account_id == work.account_id, Person.person_id == TicketFact.customer_id)
    return (
        select(
            *(TicketFact.ticket_id, TicketFact.customer_id, *(getattr(TicketFact, name) for name in _OF_TICKET)),
            *(at.label("at"), outcome.label("outcome"), seconds.label("seconds"), target.label("target")),
            selection.calendar.day_of(at).label("day"),
        )
        .select_from(TicketFact)
        .outerjoin(Person, and_(*same))
        .where(TicketFact.account_id == work.account_id)
    )


def _standing(moved: dict[Place, Outcomes], periods: list[tuple[date, date]]) -> dict[Place, Outcomes]:
    """What came and went, added up from the first period on."""
    standing: dict[Place, Outcomes] = {}
    for group in {group for _, group in moved}:
        present = Outcomes()
        for start, _ in periods:
            present.merge(moved.get((start, group), Outcomes()))
            standing[start, group] = Outcomes(Counter(present.counts))
    return standing


_TIMESTAMP = TicketFact.opened_at.type
_PERSONAL = (Person.exclusion.is_not(None), Person.exclusion)
_STOCKED = case(_PERSONAL, else_=GOOD)

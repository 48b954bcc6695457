"""The metrics of tickets: which of them each is about, when they count, and how they came out."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, Interval, SQLColumnExpression, bindparam, cast, extract, func, literal
from sqlalchemy.orm import InstrumentedAttribute

from services.metrics.scores.selection import OF_TICKETS, By
from services.metrics.tickets.models import TicketFact as Ticket
from services.metrics.tickets.models import TicketTarget as Target
from shared.db.base import UTCDateTime

REOPENED_WITHIN = literal(timedelta(days=7), Interval())
CONTACTED_WITHIN = literal(timedelta(hours=48), Interval())
GOOD_AGAIN = 70


class Shape(StrEnum):
    """What a metric is: a share of those that count, a time they took, or how many there are at a moment."""

    SHARE = "share"
    DURATION = "duration"
    STOCK = "stock"


class Left(StrEnum):
    """Why a ticket does not count: its customer is `restricted` or gave `no_consent`, or by the metric's own terms.

    `pending`: not decided yet. `cancelled`: the ticket was solved before. `merged`: it went on in another one.
    `unanswered`: nobody answered. `unmeasured`: told by a version of Heed that did not say it. `undelivered`: the
    invitation did not arrive.
    """

    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"
    PENDING = "pending"
    CANCELLED = "cancelled"
    MERGED = "merged"
    UNANSWERED = "unanswered"
    UNMEASURED = "unmeasured"
    UNDELIVERED = "undelivered"


Terms = Sequence[tuple[Left, SQLColumnExpression[bool]]]
# The moment of asking, which every statement has to be given.
NOW = bindparam("now", type_=UTCDateTime())


@dataclass(frozen=True, slots=True)
class TicketMetric:
    """`at` says in which window one counts; those without it are none of the metric's. `left_out` in order; of the
    others, those that are `good` make a share, or `seconds` are what they took. `version` as in `Metric`."""

    name: str
    title: str
    unit: str
    formula: str
    version: int
    shape: Shape
    at: InstrumentedAttribute[Any]
    left_out: Terms = ()
    good: SQLColumnExpression[bool] | None = None
    seconds: SQLColumnExpression[Any] | None = None
    of_targets: bool = False
    scheme: None = None

    @property
    def dimensions(self) -> list[By]:
        return sorted(OF_TICKETS | {By.TARGET} if self.of_targets else OF_TICKETS)


def _between(start: InstrumentedAttribute[Any], end: InstrumentedAttribute[Any]) -> SQLColumnExpression[int]:
    return cast(func.floor(extract("epoch", end - start)), Integer)


_MERGED = (Left.MERGED, Ticket.merged)
_SECONDS, _PERCENT = "seconds; the value is the median", "percent"
_ANSWER = "between opening (or being handed over by the assistant) and the first public answer of a person"
_SOLUTION = "between opening and the solution that lasted; reopening takes the one before away"
TICKET_CATALOGUE = {
    metric.name: metric
    for metric in (
        TicketMetric(
            name="first_response",
            title="Time to the first answer",
            unit=_SECONDS,
            formula=f"p50, p90, p95 and mean of the time {_ANSWER}, over tickets first answered in the window",
            version=1,
            shape=Shape.DURATION,
            at=Ticket.first_reply_at,
            left_out=[_MERGED],
            seconds=_between(Ticket.awaited_from, Ticket.first_reply_at),
        ),
        TicketMetric(
            name="first_response_business",
            title="Time to the first answer, working hours",
            unit=_SECONDS,
            formula="as first_response, on the ticket's own clock: working hours, without pauses",
            version=1,
            shape=Shape.DURATION,
            at=Ticket.first_reply_at,
            left_out=[_MERGED, (Left.UNMEASURED, Ticket.first_reply_seconds.is_(None))],
            seconds=Ticket.first_reply_seconds,
        ),
        TicketMetric(
            name="resolution",
            title="Time to the solution",
            unit=_SECONDS,
            formula=f"p50, p90, p95 and mean of the time {_SOLUTION}, over tickets resolved in the window",
            version=1,
            shape=Shape.DURATION,
            at=Ticket.resolved_at,
            left_out=[_MERGED],
            seconds=_between(Ticket.opened_at, Ticket.resolved_at),
        ),
        TicketMetric(
            name="resolution_business",
            title="Time to the solution, working hours",
            unit=_SECONDS,
            formula="as resolution, on the ticket's own clock: working hours, without pauses",
            version=1,
            shape=Shape.DURATION,
            at=Ticket.resolved_at,
            left_out=[_MERGED],
            seconds=Ticket.resolution_seconds,
        ),
        TicketMetric(
            name="sla_attainment",
            title="Promises kept in time",
            unit=_PERCENT,
            formula="100 · met / (met + missed), over targets due in the window; those not due yet are pending",
            version=1,
            shape=Shape.SHARE,
            at=Target.due_at,
            left_out=[
                _MERGED,
                (Left.CANCELLED, (Target.verdict == "pending") & Ticket.resolved_at.is_not(None)),
                (Left.PENDING, Target.verdict == "pending"),
            ],
            good=Target.verdict == "met",
            of_targets=True,
        ),
        TicketMetric(
            name="reopen_rate",
            title="Reopened tickets",
            unit=_PERCENT,
            formula="100 · reopened within 7 days / n, over tickets first resolved in the window, 7 days ago or longer",
            version=1,
            shape=Shape.SHARE,
            at=Ticket.first_resolved_at,
            left_out=[_MERGED, (Left.PENDING, Ticket.first_resolved_at > NOW - REOPENED_WITHIN)],
            good=func.coalesce(Ticket.reopened_at <= Ticket.first_resolved_at + REOPENED_WITHIN, False),
        ),
        TicketMetric(
            name="one_touch_rate",
            title="Solved with one answer",
            unit=_PERCENT,
            formula="100 · with one public answer and never reopened / n, over tickets resolved in the window",
            version=1,
            shape=Shape.SHARE,
            at=Ticket.resolved_at,
            left_out=[_MERGED, (Left.UNANSWERED, Ticket.replies == 0)],
            good=(Ticket.replies == 1) & (Ticket.reopenings == 0),
        ),
        TicketMetric(
            name="escalation_rate",
            title="Escalated tickets",
            unit=_PERCENT,
            formula="100 · escalated by somebody / n, over tickets resolved in the window",
            version=1,
            shape=Shape.SHARE,
            at=Ticket.resolved_at,
            left_out=[_MERGED],
            good=Ticket.escalations > 0,
        ),
        TicketMetric(
            name="closed_loop_rate",
            title="Unhappy customers answered",
            unit=_PERCENT,
            formula="100 · contacted by a person within 48 hours / n, over loops begun in the window that "
            "were contacted or are older than that",
            version=1,
            shape=Shape.SHARE,
            at=Ticket.follow_up_at,
            left_out=[
                (Left.PENDING, Ticket.contacted_at.is_(None) & (Ticket.follow_up_at > NOW - CONTACTED_WITHIN)),
            ],
            good=func.coalesce(Ticket.contacted_at <= Ticket.follow_up_at + CONTACTED_WITHIN, False),
        ),
        TicketMetric(
            name="recovery_rate",
            title="Unhappy customers won back",
            unit=_PERCENT,
            formula=f"100 · rated higher than before and at least {GOOD_AGAIN} of 100 / n, over loops last measured "
            "again in the window",
            version=1,
            shape=Shape.SHARE,
            at=Ticket.re_measured_at,
            left_out=[(Left.UNMEASURED, Ticket.rating_after.is_(None) | Ticket.rating_before.is_(None))],
            good=(Ticket.rating_after > Ticket.rating_before) & (Ticket.rating_after >= GOOD_AGAIN),
        ),
        TicketMetric(
            name="backlog",
            title="Open tickets",
            unit="tickets at the end of the window, or of each period",
            formula="tickets opened or reopened before it and not ended by then; all of them, so without an interval",
            version=1,
            shape=Shape.STOCK,
            at=Ticket.opened_at,
        ),
    )
}

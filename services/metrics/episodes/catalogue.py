"""Shares of what people went through: which rows each is about, when they count, and how they came out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Interval, SQLColumnExpression, literal
from sqlalchemy.orm import InstrumentedAttribute

from services.metrics.episodes.models import Asking, Attempt, Talk
from services.metrics.scores.selection import By
from services.metrics.tickets.catalogue import NOW, Left, Shape, Terms

ANSWERED_WITHIN = literal(timedelta(days=14), Interval())
FINISHED_WITHIN = literal(timedelta(days=1), Interval())
CONTAINED_AFTER = literal(timedelta(hours=72), Interval())


@dataclass(frozen=True, slots=True)
class Source:
    """The table that a metric is about; `columns` are what its rows are told apart by."""

    table: type[Asking | Attempt | Talk]
    row_id: InstrumentedAttribute[UUID]
    columns: Mapping[By, InstrumentedAttribute[Any]]


ASKINGS: Final = Source(Asking, Asking.invitation_id, {By.CHANNEL: Asking.channel, By.SURVEY: Asking.survey_id})
ATTEMPTS: Final = Source(
    Attempt,
    Attempt.attempt_id,
    {
        By.CHANNEL: Attempt.channel,
        By.TOUCHPOINT: Attempt.touchpoint,
        By.SURVEY: Attempt.survey_id,
        By.LAST_QUESTION: Attempt.last_question,
    },
)
TALKS: Final = Source(Talk, Talk.conversation_id, {By.CHANNEL: Talk.channel, By.HANDOFF_REASON: Talk.handoff_reason})


@dataclass(frozen=True, slots=True)
class EpisodeMetric:
    """As `TicketMetric`, of another table."""

    name: str
    title: str
    formula: str
    version: int
    source: Source
    at: InstrumentedAttribute[Any]
    good: SQLColumnExpression[bool]
    left_out: Terms = ()
    unit: str = "percent"
    shape: Shape = Shape.SHARE
    scheme: None = None

    @property
    def dimensions(self) -> list[By]:
        return sorted(self.source.columns)


_STILL_FRESH: Final = (Left.PENDING, Attempt.started_at > NOW - FINISHED_WITHIN)
EPISODE_CATALOGUE: Final = {
    metric.name: metric
    for metric in (
        EpisodeMetric(
            name="response_rate",
            title="Customers who answered when asked",
            formula="100 · answered within 14 days / n, over invitations of the window that reached somebody and have "
            "had these days; reminders belong to their invitation",
            version=1,
            source=ASKINGS,
            at=Asking.asked_at,
            left_out=[
                (Left.UNDELIVERED, Asking.failed_at.is_not(None) & Asking.answered_at.is_(None)),
                (Left.PENDING, Asking.asked_at > NOW - ANSWERED_WITHIN),
            ],
            good=(Asking.answered_at <= Asking.asked_at + ANSWERED_WITHIN).is_(True),
        ),
        EpisodeMetric(
            name="display_rate",
            title="Surveys begun when seen",
            formula="100 · begun / n, over surveys seen in the window",
            version=1,
            at=Attempt.displayed_at,
            good=Attempt.started_at.is_not(None) | Attempt.completed_at.is_not(None),
            source=ATTEMPTS,
        ),
        EpisodeMetric(
            name="completion_rate",
            title="Surveys finished when begun",
            formula="100 · finished / n, over surveys begun in the window, a day ago or longer",
            version=1,
            at=Attempt.started_at,
            left_out=[_STILL_FRESH],
            good=Attempt.completed_at.is_not(None),
            source=ATTEMPTS,
        ),
        EpisodeMetric(
            name="drop_off_rate",
            title="Surveys begun and not finished",
            formula="100 · not finished / n, over surveys begun in the window, a day ago or longer; by last_question: "
            "where they were left",
            version=1,
            at=Attempt.started_at,
            left_out=[_STILL_FRESH],
            good=Attempt.completed_at.is_(None),
            source=ATTEMPTS,
        ),
        EpisodeMetric(
            name="bot_containment",
            title="Conversations that the assistant resolved alone",
            formula="100 · resolved, never handed over, answered by nobody else and not opened again / n, over "
            "conversations of the window whose end is 72 hours ago, or that were handed over",
            version=1,
            at=Talk.started_at,
            left_out=[
                (
                    Left.PENDING,
                    (Talk.started_at > NOW - CONTAINED_AFTER)
                    | (Talk.handed_off_at.is_(None) & Talk.ended_at.is_(None))
                    | (Talk.handed_off_at.is_(None) & (Talk.ended_at > NOW - CONTAINED_AFTER)),
                )
            ],
            good=(
                Talk.resolved.is_(True)
                & Talk.handed_off_at.is_(None)
                & (Talk.human_replies == 0)
                & (Talk.reopened == 0)
            ),
            source=TALKS,
        ),
        EpisodeMetric(
            name="handoff_rate",
            title="Conversations handed over to people",
            formula="100 · handed over / n, over conversations of the window that were handed over or are over",
            version=1,
            at=Talk.started_at,
            left_out=[(Left.PENDING, Talk.handed_off_at.is_(None) & Talk.ended_at.is_(None))],
            good=Talk.handed_off_at.is_not(None),
            source=TALKS,
        ),
    )
}

"""A relabelling reads feedback in pieces, the oldest first, each in a transaction of its own."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_

from services.survey.external_models import service as external_models
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import rating_of, row_of, told
from services.survey.learning import corrections
from services.survey.learning.reading import Reader, reader_of, words_of
from services.survey.relabelings.models import Relabeling, RelabelingState
from services.survey.relabelings.schemas import NewRelabeling
from services.survey.understanding.analysis import Analysis
from shared.bus.subscriptions import Timer
from shared.contracts.feedback import FeedbackUpdated
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

TIMER: Final = "relabelings.advance"
PIECE: Final = 200
# They would do each other's work.
MOST_RUNNING: Final = 1


class RelabelingRunning(Conflict):
    """Feedback is being read again already. Wait for that, or stop it first."""

    code = "relabeling_running"


class RelabelingEnded(Conflict):
    """This is over; what was read again stays so."""

    code = "relabeling_ended"


async def start(work: Work, wanted: NewRelabeling) -> Relabeling:
    """Returns at once. Raises `RelabelingRunning`, or `Unacceptable` for a time that ends before it begins."""
    until = min(wanted.until or work.now, work.now)
    if wanted.since is not None and wanted.since >= until:
        raise Unacceptable.field("/from", "empty_time", "Let `from` come before `to`, and before now.")
    running = listed(work).where(Relabeling.state == RelabelingState.RUNNING)
    if (await work.session.scalar(select(func.count()).select_from(running.subquery())) or 0) >= MOST_RUNNING:
        raise RelabelingRunning
    relabeling = Relabeling(
        id=new_id(),
        account_id=work.account_id,
        state=RelabelingState.RUNNING,
        since=wanted.since,
        until=until,
        filter=wanted.filter.model_dump(mode="json", exclude_none=True),
        total=0,
        done=0,
        changed=0,
        kept=0,
        cursor_at=None,
        cursor_id=None,
        requested_by=str(work.actor),
        created_at=work.now,
        ended_at=None,
    )
    counted = select(func.count()).select_from(_texts(relabeling).subquery())
    relabeling.total = await work.session.scalar(counted) or 0
    work.session.add(relabeling)
    await work.session.flush()
    await work.schedule(TIMER, key=str(relabeling.id), due_at=work.now)
    return relabeling


async def advance(work: Work, timer: Timer) -> None:
    """The timer's handler: one piece. Its cursor moves in the same transaction as its labels change."""
    relabeling = await work.session.get(Relabeling, UUID(timer.key), with_for_update=True)
    if relabeling is None or relabeling.state is not RelabelingState.RUNNING:
        return
    rows = (await work.session.scalars(_next(relabeling))).all()
    if not rows:
        relabeling.state, relabeling.ended_at = RelabelingState.FINISHED, work.now
        return
    theirs = await corrections.of_people(work, rows)
    # Other requests get their turn meanwhile.
    analyses = await asyncio.to_thread(_read_all, await reader_of(work), rows)
    asks_elsewhere = await external_models.is_on(work)
    for feedback, analysis in zip(rows, analyses, strict=True):
        if asks_elsewhere and feedback.sentiment_method == external_models.METHOD:
            continue
        stay = {what for what in ("topics", "urgency") if (feedback.id, what) in theirs}
        stay |= {"sentiment"} if feedback.sentiment_method == "human" else set()
        labels = _labels(analysis, stay)
        relabeling.kept += bool(stay)
        if _differs(feedback, labels):
            relabeling.changed += 1
            _change(work, feedback, labels)
    relabeling.done += len(rows)
    relabeling.cursor_at, relabeling.cursor_id = rows[-1].occurred_at, rows[-1].id
    await work.session.flush()
    await work.schedule(TIMER, key=timer.key, due_at=work.now)


async def stop(work: Work, relabeling_id: UUID) -> Relabeling:
    """Raises `RelabelingEnded` for one that has finished."""
    relabeling = await read(work, relabeling_id, to_change=True)
    if relabeling.state is RelabelingState.FINISHED:
        raise RelabelingEnded
    if relabeling.state is RelabelingState.RUNNING:
        relabeling.state, relabeling.ended_at = RelabelingState.STOPPED, work.now
        await work.cancel(TIMER, key=str(relabeling.id))
    return relabeling


def listed(work: Work) -> Select[Any]:
    return select(Relabeling).where(Relabeling.account_id == work.account_id)


async def read(work: Work, relabeling_id: UUID, *, to_change: bool = False) -> Relabeling:
    """Raises `NotFound`."""
    statement = listed(work).where(Relabeling.id == relabeling_id)
    found: Relabeling | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise NotFound("There is no such relabelling here.")
    return found


def _texts(relabeling: Relabeling) -> Select[Any]:
    statement = select(Feedback).where(
        Feedback.account_id == relabeling.account_id,
        Feedback.text.is_not(None),
        Feedback.occurred_at < relabeling.until,
        *(getattr(Feedback, name) == _value(name, value) for name, value in relabeling.filter.items()),
    )
    return statement if relabeling.since is None else statement.where(Feedback.occurred_at >= relabeling.since)


def _value(name: str, value: str) -> Any:
    return UUID(value) if name == "survey_id" else value


def _next(relabeling: Relabeling) -> Select[Any]:
    place = tuple_(Feedback.occurred_at, Feedback.id)
    statement = _texts(relabeling).order_by(Feedback.occurred_at, Feedback.id).limit(PIECE).with_for_update()
    if relabeling.cursor_at is None:
        return statement
    return statement.where(place > tuple_(relabeling.cursor_at, relabeling.cursor_id))


def _read_all(reader: Reader, rows: Sequence[Feedback]) -> list[Analysis]:
    return [reader.read(_words(row), rating=rating_of(row_of(row)), language_hint=row.language) for row in rows]


def _words(row: Feedback) -> str | None:
    return None if row.automatic else words_of(row.title, row.text)


def _labels(analysis: Analysis, stay: Collection[str]) -> dict[str, Any]:
    """The columns that a machine may write. `stay`: what a person has said."""
    return {
        name: value for name, value in analysis.columns().items() if not any(name.startswith(what) for what in stay)
    }


def _differs(feedback: Feedback, labels: dict[str, Any]) -> bool:
    """Whether anything is called something else now. Labels that come out the same stay with what made them."""
    same = ("language", "sentiment_label", "urgency_label")
    if any(name in labels and labels[name] != getattr(feedback, name) for name in same):
        return True
    return "topics" in labels and {one["key"] for one in labels["topics"]} != {one["key"] for one in feedback.topics}


def _change(work: Work, feedback: Feedback, labels: dict[str, Any]) -> None:
    for name, value in labels.items():
        setattr(feedback, name, value)
    feedback.version += 1
    feedback.updated_at = work.now
    if feedback.told:
        updated = FeedbackUpdated(**dict(told(row_of(feedback))), reason="relabelled")
        work.emit(updated, subject=feedback.id, version=feedback.version, by_day=feedback.anonymous)

"""A run asks its customers in pieces of `PIECE`, each in a transaction of its own, until all are decided on."""

from collections import Counter
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, insert, select

from services.survey.db import MERGED_CUSTOMERS
from services.survey.eligibility.refusals import Cause
from services.survey.invitations import service as invitations
from services.survey.invitations.service import Asked, Terms
from services.survey.policies.schemas import Channel
from services.survey.runs.models import Run, RunCustomer, RunState
from services.survey.segments.models import Segment, SegmentMember
from services.survey.settings import SurveySettings
from services.survey.surveys import service as surveys
from services.survey.surveys.models import Survey
from shared.bus.subscriptions import Timer
from shared.contracts.survey import InvitationRunFinished
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

TIMER = "runs.advance"
PIECE = 1_000


class RunEnded(Conflict):
    """The run is over; whoever it has asked stays asked."""

    code = "run_ended"


async def start(
    work: Work,
    survey: Survey,
    *,
    segment_id: UUID | None,
    customer_ids: Collection[UUID],
    channel: Channel,
    send_at: datetime | None,
    days: int | None,
) -> Run:
    """Returns at once; the asking begins at `send_at`, or now. Raises `Unacceptable` for a segment nobody knows."""
    settings: SurveySettings = work.settings
    if segment_id is not None:
        await _check_segment(work, segment_id)
    run = Run(
        id=new_id(),
        account_id=work.account_id,
        survey_id=survey.id,
        segment_id=segment_id,
        channel=channel,
        days=days or settings.survey_invitation_days,
        state=RunState.WAITING,
        customers=len(set(customer_ids)),
        invited=0,
        refused=0,
        refused_by={},
        cursor=None,
        created_at=work.now,
        send_at=max(send_at or work.now, work.now),
        started_at=None,
        ended_at=None,
    )
    work.session.add(run)
    await work.session.flush()
    if customer_ids:
        rows = [{"account_id": work.account_id, "run_id": run.id, "customer_id": one} for one in set(customer_ids)]
        await work.session.execute(insert(RunCustomer), rows)
    await work.schedule(TIMER, key=str(run.id), due_at=run.send_at)
    return run


async def advance(work: Work, timer: Timer) -> None:
    """The timer's handler: one piece. Its cursor moves in the same transaction as its invitations are made."""
    run = await work.session.get(Run, UUID(timer.key), with_for_update=True)
    if run is None or run.state not in (RunState.WAITING, RunState.RUNNING):
        return
    if run.state is RunState.WAITING:
        run.state, run.started_at = RunState.RUNNING, work.now
        if run.segment_id is not None:
            run.customers = await work.session.scalar(select(func.count()).select_from(_everybody(run).subquery())) or 0
    piece = (await work.session.scalars(_next(run))).all()
    if not piece:
        await _end(work, run, RunState.FINISHED)
        return
    present = await MERGED_CUSTOMERS.present_ids(work, piece)
    survey = await surveys.read(work, run.survey_id)
    terms = Terms(run.channel, run.days, Cause("run", run.id))  # type: ignore[arg-type]
    _count(run, await invitations.ask(work, survey, list(dict.fromkeys(present[one] for one in piece)), terms))
    run.cursor = piece[-1]
    await work.session.flush()
    await work.schedule(TIMER, key=timer.key, due_at=work.now)


async def cancel(work: Work, survey_id: UUID, run_id: UUID) -> Run:
    """Whoever has been asked stays asked; nobody else is. Raises `RunEnded`."""
    run = await read(work, survey_id, run_id, to_change=True)
    if run.state is RunState.CANCELLED:
        return run
    if run.state is RunState.FINISHED:
        raise RunEnded
    await _end(work, run, RunState.CANCELLED)
    await work.cancel(TIMER, key=str(run.id))
    return run


def listed(work: Work, survey_id: UUID) -> Select[Any]:
    return select(Run).where(Run.account_id == work.account_id, Run.survey_id == survey_id)


async def read(work: Work, survey_id: UUID, run_id: UUID, *, to_change: bool = False) -> Run:
    """Raises `NotFound`."""
    statement = listed(work, survey_id).where(Run.id == run_id)
    run: Run | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if run is None:
        raise NotFound("There is no such run of this survey.")
    return run


async def _check_segment(work: Work, segment_id: UUID) -> None:
    segment = await work.session.get(Segment, (work.account_id, segment_id))
    if segment is None or segment.is_deleted:
        raise Unacceptable.field("/segment_id", "unknown_segment", "There is no such segment here.")


def _everybody(run: Run) -> Select[Any]:
    if run.segment_id is None:
        return select(RunCustomer.customer_id.label("id")).where(
            RunCustomer.account_id == run.account_id, RunCustomer.run_id == run.id
        )
    return select(SegmentMember.customer_id.label("id")).where(
        SegmentMember.account_id == run.account_id,
        SegmentMember.segment_id == run.segment_id,
        SegmentMember.is_member.is_(True),
    )


def _next(run: Run) -> Select[Any]:
    member = _everybody(run).subquery()
    statement = select(member.c.id).order_by(member.c.id).limit(PIECE)
    return statement if run.cursor is None else statement.where(member.c.id > run.cursor)


def _count(run: Run, asked: Sequence[Asked]) -> None:
    refused = Counter(one.refusal.gate for one in asked if one.refusal is not None)
    run.invited += len(asked) - refused.total()
    run.refused += refused.total()
    run.refused_by = dict(Counter(run.refused_by) + refused)


async def _end(work: Work, run: Run, state: RunState) -> None:
    run.state, run.ended_at = state, work.now
    mine = (RunCustomer.account_id == work.account_id) & (RunCustomer.run_id == run.id)
    await work.session.execute(delete(RunCustomer).where(mine))
    work.emit(
        InvitationRunFinished(
            run_id=run.id,
            survey_id=run.survey_id,
            state="finished" if state is RunState.FINISHED else "cancelled",
            customers=run.customers,
            invited=run.invited,
            refused=run.refused,
        ),
        subject=run.id,
    )

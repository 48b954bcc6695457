"""The closed loop: from what a customer said to whether it helped.

needs_follow_up → contacted → fixed → confirmed → re_measured. A stage is only ever left forwards, and stages may be
skipped; the one way back is reopening the ticket, which starts the next round at needs_follow_up.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, or_, select

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.loops.models import Loop
from shared.contracts.feedback import Feedback
from shared.contracts.tickets import LoopAdvanced, LoopStage
from shared.work import Work

ORDER: Final[tuple[LoopStage, ...]] = ("needs_follow_up", "contacted", "fixed", "confirmed", "re_measured")


def is_ahead(stage: LoopStage, of: LoopStage) -> bool:
    return ORDER.index(stage) > ORDER.index(of)


def take_in(loop: Loop, said: Feedback, at: datetime) -> list[LoopStage] | None:
    """What an answer about a ticket means for its loop, or what its own feedback was changed to: the stages it reaches,
    or None if it says nothing of it. `at`: when it was said so.

    Only what was said after the fix speaks of it. Good words or a good rating confirm it; any rating measures again,
    and of several the one given last counts. So the result does not depend on the order in which answers arrive.
    """
    band = said.rating.band if said.rating else said.sentiment.label if said.sentiment else None
    if band is None or loop.fixed_at is None or at < loop.fixed_at:
        return None
    reached: list[LoopStage] = []
    if band == "positive":
        if loop.confirmed_at is None or at < loop.confirmed_at:
            loop.confirmed_at, loop.confirmed_by = at, "answer"
        if is_ahead("confirmed", loop.stage):
            reached.append("confirmed")
    if said.rating is not None and _is_latest(loop, at, said.rating.normalised):
        loop.after, loop.re_measured_at = said.rating.normalised, at
        reached.append("re_measured")
    if reached:
        loop.stage, loop.due_at, loop.overdue_at = reached[-1], None, None
    return reached


def _is_latest(loop: Loop, occurred_at: datetime, rating: int) -> bool:
    if loop.re_measured_at is None or loop.after is None:
        return True
    return (occurred_at, rating) > (loop.re_measured_at, loop.after)


async def loop_of(work: Work, ticket_id: UUID) -> Loop | None:
    """The ticket's loop, if it came from feedback. Whoever changes it holds the ticket's lock."""
    return await work.session.scalar(
        select(Loop).where(Loop.account_id == work.account_id, Loop.ticket_id == ticket_id)
    )


async def loops_from(work: Work, feedback_id: UUID) -> Sequence[UUID]:
    """The tickets whose loops began with this feedback; several, if one was closed and another opened."""
    mine = (Loop.account_id == work.account_id, Loop.feedback_id == feedback_id)
    return (await work.session.scalars(select(Loop.ticket_id).where(*mine).order_by(Loop.ticket_id))).all()


async def advance(work: Work, ticket: Ticket, stage: LoopStage, at: datetime) -> None:
    """Go forward to `stage`, with what was merged into the ticket. Nothing happens to a loop that is as far."""
    for loop in await loops_in(work, ticket):
        if is_ahead(stage, loop.stage):
            enter(work, ticket, loop, stage, at)


async def start_over(work: Work, ticket: Ticket, at: datetime) -> None:
    """The ticket was reopened: the next round begins."""
    for loop in await loops_in(work, ticket):
        loop.round += 1
        loop.after = loop.contacted_at = loop.fixed_at = loop.confirmed_at = loop.re_measured_at = None
        loop.confirmed_by = None
        enter(work, ticket, loop, "needs_follow_up", at)


async def loops_in(work: Work, ticket: Ticket) -> Sequence[Loop]:
    """Its own, and those of the tickets that go on in it."""
    merged = select(Ticket.id).where(Ticket.account_id == work.account_id, Ticket.merged_into_id == ticket.id)
    mine = or_(Loop.ticket_id == ticket.id, Loop.ticket_id.in_(merged))
    found = select(Loop).where(Loop.account_id == work.account_id, mine).order_by(Loop.ticket_id)
    return (await work.session.scalars(found)).all()


def announce(work: Work, loop: Loop, stage: LoopStage, version: int) -> None:
    advanced = LoopAdvanced(
        ticket_id=loop.ticket_id,
        feedback_id=loop.feedback_id,
        customer_id=loop.customer_id,
        origin_customer_id=loop.origin_customer_id,
        stage=stage,
        before=loop.before,
        after=loop.after,
    )
    work.emit(advanced, subject=loop.ticket_id, version=version)


def enter(work: Work, ticket: Ticket, loop: Loop, stage: LoopStage, at: datetime) -> None:
    loop.stage, loop.due_at, loop.overdue_at = stage, None, None
    setattr(loop, f"{stage}_at", at)
    announce(work, loop, stage, ticket.version)


def loops_with_tickets(work: Work) -> Select[Loop, Ticket]:
    mine = (Loop.account_id == work.account_id, *access.visible(work))
    return select(Loop, Ticket).join(Ticket, Ticket.id == Loop.ticket_id).where(*mine)

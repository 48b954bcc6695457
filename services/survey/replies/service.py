"""Answers from the first draft to the platform's verdict."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError

from services.survey.adapters.base import Capabilities, Replies
from services.survey.feedback import service as feedback_service
from services.survey.feedback.models import Feedback
from services.survey.replies import policy, templates
from services.survey.replies.models import Reply
from services.survey.replies.schemas import NewReply
from services.survey.sources.connections import adapter_of
from services.survey.sources.models import Source
from shared.contracts.replies import ReplyDecided
from shared.dispatch import queue
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

KIND: Final = "replies"
OPEN: Final = ("draft", "waiting", "queued")
ON_THE_PLATFORM: Final = ("posted", "pending")
# Came to nothing, for whatever reason: it can be changed and tried once more.
OVER: Final = ("rejected", "refused", "failed", "withdrawn")


class ReplyNotFound(NotFound):
    """There is no such answer here."""

    code = "reply_not_found"


class NotAnswerable(Unacceptable):
    """This cannot be answered where it was said."""

    code = "not_answerable"


class AlreadyAnswered(Conflict):
    """There is an answer already, and the platform takes one only."""

    code = "already_answered"


class WrongState(Conflict):
    """That cannot be done with an answer in this state."""

    code = "wrong_state"


async def write(work: Work, feedback_id: UUID, wanted: NewReply, *, may_approve: bool) -> Reply:
    """Raises `NotAnswerable`, `AlreadyAnswered`, or `Unacceptable` for words that the platform would not take."""
    feedback = await feedback_service.read(work, feedback_id)
    source, allowed = await answerable(work, feedback)
    await _refuse_second(work, feedback_id, allowed)
    text = wanted.text or await templates.fill(work, wanted.template_id, feedback)
    check_length(text, allowed)
    reply = Reply(
        id=new_id(),
        account_id=work.account_id,
        version=1,
        feedback_id=feedback_id,
        source_id=source.id,
        external_id=feedback.external_id,
        text=text,
        state="draft",
        template_id=wanted.template_id,
        written_by=str(work.actor),
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(reply)
    await _flush(work)
    if wanted.submit:
        await submit(work, reply, feedback, may_approve=may_approve)
    return reply


async def change(work: Work, reply_id: UUID, text: str, *, expected: int | None) -> Reply:
    """The words of one that has not gone out. What was submitted, or came to nothing, becomes a draft again."""
    reply = await read(work, reply_id, to_change=True)
    check_match(expected, reply.version)
    _require(reply, "draft", "waiting", *OVER)
    _, allowed = await answerable(work, await feedback_service.read(work, reply.feedback_id))
    check_length(text, allowed)
    reply.text, reply.template_id, reply.reason, reply.approved_by = text, None, None, None
    _move(work, reply, "draft")
    await _flush(work)
    return reply


async def submit(work: Work, reply: Reply, feedback: Feedback, *, may_approve: bool) -> None:
    """To the platform; or, if its rating asks for that and the writer is nobody who approves, to somebody who does."""
    _require(reply, "draft", *OVER)
    await answerable(work, feedback)
    reply.reason, reply.approved_by = None, None
    if may_approve or not await policy.needs_approval(work, feedback):
        await _send(work, reply)
    else:
        _move(work, reply, "waiting")
    await _flush(work)


async def approve(work: Work, reply_id: UUID) -> Reply:
    """Raises `WrongState` for one that does not wait."""
    reply = await read(work, reply_id, to_change=True)
    _require(reply, "waiting")
    reply.approved_by = str(work.actor)
    await _send(work, reply)
    return reply


async def reject(work: Work, reply_id: UUID, reason: str) -> Reply:
    """It does not go out, if it has not gone already; another can be written."""
    reply = await read(work, reply_id, to_change=True)
    _require(reply, "waiting", "queued")
    await queue.withdraw(work, KIND, reply.id)
    reply.approved_by, reply.reason = str(work.actor), reason
    _move(work, reply, "rejected")
    return reply


async def withdraw(work: Work, reply_id: UUID) -> Reply:
    """Before it has left; on the way it may be too late, and then it says so by being posted."""
    reply = await read(work, reply_id, to_change=True)
    _require(reply, *OPEN)
    await queue.withdraw(work, KIND, reply.id)
    _move(work, reply, "withdrawn")
    return reply


def note(work: Work, reply: Reply, state: str, *, reason: str | None = None, reference: str | None = None) -> None:
    """What the platform has made of it."""
    reply.reason, reply.reference = reason, reference or reply.reference
    if state in ON_THE_PLATFORM:
        reply.posted_at = work.now
    _move(work, reply, state)


async def read(work: Work, reply_id: UUID, *, to_change: bool = False) -> Reply:
    """Raises `ReplyNotFound`."""
    statement = select(Reply).where(Reply.id == reply_id, Reply.account_id == work.account_id)
    found: Reply | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise ReplyNotFound
    return found


def listed(work: Work, **filters: object) -> Select[Any]:
    statement = select(Reply).where(Reply.account_id == work.account_id)
    return statement.where(*(getattr(Reply, name) == value for name, value in filters.items() if value is not None))


async def answerable(work: Work, feedback: Feedback) -> tuple[Source, Capabilities]:
    """Its source and what that allows. Raises `NotAnswerable` with the way that is open instead."""
    mine = (Source.id == feedback.source_id, Source.account_id == work.account_id)
    source: Source | None = await work.session.scalar(select(Source).where(*mine)) if feedback.source_id else None
    if source is None or source.builtin or not isinstance(adapter_of(source), Replies):
        raise NotAnswerable("This platform takes no answers from here; answer the customer by a ticket instead.")
    if source.state == "removed":
        raise NotAnswerable("The source of this review was removed; connect it anew to answer there.")
    if feedback.removed_at is not None:
        raise NotAnswerable("The review is no longer there, so nobody would see an answer.")
    return source, adapter_of(source).capabilities


def check_length(text: str, allowed: Capabilities) -> None:
    """Raises `Unacceptable` with the numbers."""
    if allowed.reply_limit is not None and len(text) > allowed.reply_limit:
        detail = f"The platform takes {allowed.reply_limit:,} characters, this has {len(text):,}."
        raise Unacceptable.field("/text", "too_long", detail)


async def _refuse_second(work: Work, feedback_id: UUID, allowed: Capabilities) -> None:
    if allowed.reply_edits:
        return
    posted = listed(work, feedback_id=feedback_id).where(Reply.state.in_(ON_THE_PLATFORM)).limit(1)
    if await work.session.scalar(posted) is not None:
        raise AlreadyAnswered("The platform takes one answer only, and it has one.")


async def _flush(work: Work) -> None:
    """One is open at a time, which the database knows best."""
    try:
        await work.session.flush()
    except IntegrityError:
        raise AlreadyAnswered("An answer to this is being written already; see GET /v1/replies.") from None


async def _send(work: Work, reply: Reply) -> None:
    _move(work, reply, "queued")
    await queue.enqueue(work, KIND, [(reply.id, reply.source_id)])


def _require(reply: Reply, *states: str) -> None:
    if reply.state not in states:
        raise WrongState(f"The answer is {reply.state}; this needs it to be {' or '.join(states)}.")


def _move(work: Work, reply: Reply, state: str) -> None:
    reply.state = state
    reply.version += 1
    reply.updated_at = work.now
    decided = ReplyDecided(
        reply_id=reply.id,
        feedback_id=reply.feedback_id,
        source_id=reply.source_id,
        state=state,
        reason=reply.reason,
        posted_at=reply.posted_at,
    )
    work.emit(decided, subject=reply.id, version=reply.version)

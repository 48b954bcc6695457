"""Taking answers to the platform, and noting its verdict."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.survey.adapters.base import Adapter, Connection, Platform, Posted, Replies, ReplyRefused
from services.survey.fetching import questions
from services.survey.fetching.questions import Failure, Question
from services.survey.replies import service
from services.survey.replies.models import Reply
from services.survey.sources.models import Source
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim
from shared.service import Runtime
from shared.work import Work

# A minute, two, four ... six hours: about two days in all.
ATTEMPTS: Final = 14


async def attempt(runtime: Runtime, claim: Claim) -> None:
    await questions.put(runtime, claim, _prepare)


async def _prepare(work: Work, source: Source, adapter: Adapter, reply_id: UUID) -> Question | None:
    reply = await _queued(work, reply_id)
    if reply is None or not isinstance(adapter, Replies):
        return None
    platform_takes, external_id, text = adapter, reply.external_id, reply.text

    async def ask(connection: Connection, platform: Platform) -> Posted | ReplyRefused:
        try:
            return await platform_takes.reply(external_id, text, connection, platform)
        except ReplyRefused as refusal:
            return refusal

    async def note(work: Work, source: Source, verdict: Posted | ReplyRefused) -> timedelta | None:
        reply = await _queued(work, reply_id)
        if reply is not None and isinstance(verdict, ReplyRefused):
            service.note(work, reply, "refused", reason=str(verdict))
        elif reply is not None and isinstance(verdict, Posted):
            service.note(work, reply, verdict.state, reference=verdict.reference)
        return None

    async def give_up(work: Work, source: Source, failure: Failure) -> None:
        if (reply := await _queued(work, reply_id)) is not None:
            service.note(work, reply, "failed", reason=str(failure) or "the platform refuses access")

    # Whoever answered is told so at once, and submits it once more when the credentials are good.
    return Question(ask, note, give_up, attempts=ATTEMPTS, denied_is_final=True)


async def _queued(work: Work, reply_id: UUID) -> Reply | None:
    """None if it was withdrawn meanwhile."""
    mine = (Reply.id == reply_id, Reply.account_id == work.account_id, Reply.state == "queued")
    found: Reply | None = await work.session.scalar(select(Reply).where(*mine).with_for_update())
    return found


REPLIES = Dispatcher(service.KIND, attempt, at_once=8, per_lane=1)

"""What hangs on a message and lies with its sender is fetched soon after, and kept as what comes along is.

Outside of any transaction, and by the source's own credentials; what cannot be had is recorded as such.
"""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.survey.adapters.base import Adapter, Connection, KeepsMedia, Platform, Unreadable
from services.survey.adapters.registry import adapters
from services.survey.attachments import service as attachments
from services.survey.fetching import questions
from services.survey.fetching.questions import Failure, Question
from services.survey.hearing.canonical import FeedbackItem, Media
from services.survey.hearing.models import HeardItem
from services.survey.hearing.sender import Sender
from services.survey.hearing.versions import feedback_id_of
from services.survey.sources.models import Source
from shared.dispatch import queue
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim
from shared.service import Runtime
from shared.work import Work

KIND: Final = "sources.media"


async def begin(work: Work, source: Sender, item: FeedbackItem) -> None:
    """If there is something to fetch, and its sender gives it out."""
    is_there = any(media.url and media.content is None for media in item.media)
    if is_there and isinstance(adapters().get(source.adapter), KeepsMedia):
        feedback_id = feedback_id_of(source.id, item.external_id)
        await queue.withdraw(work, KIND, feedback_id)
        await queue.enqueue(work, KIND, [(feedback_id, source.id)])


async def attempt(runtime: Runtime, claim: Claim) -> None:
    await questions.put(runtime, claim, _prepare)


async def _prepare(work: Work, source: Source, adapter: Adapter, feedback_id: UUID) -> Question | None:
    item = await _item(work, feedback_id)
    if item is None or not isinstance(adapter, KeepsMedia):
        return None
    keeping = adapter

    async def ask(connection: Connection, platform: Platform) -> Sequence[Media]:
        return [await _fetched(keeping, media, connection, platform) for media in item.media]

    async def note(work: Work, source: Source, found: Sequence[Media]) -> None:
        # It may have been erased meanwhile.
        if await _item(work, feedback_id) is not None:
            await attachments.keep(work, source, item.model_copy(update={"media": tuple(found)}))

    async def give_up(work: Work, source: Source, failure: Failure) -> None:
        await note(work, source, [media.model_copy(update={"refused": "unreachable"}) for media in item.media])

    return Question(ask, note, give_up)


async def _fetched(adapter: KeepsMedia, media: Media, connection: Connection, platform: Platform) -> Media:
    headers = adapter.media_headers(media.url, connection) if media.url else None
    if media.url is None or headers is None:
        return media
    try:
        content = await platform.download(media.url, headers=headers, at_most=attachments.LARGEST)
    except Unreadable:
        # Asking again would not bring it back.
        return media.model_copy(update={"refused": "unreachable"})
    return media.model_copy(update={"refused": "too_large"} if content is None else {"content": content})


async def _item(work: Work, feedback_id: UUID) -> FeedbackItem | None:
    """As it was heard last; None if it was erased or removed."""
    mine = (HeardItem.account_id == work.account_id, HeardItem.feedback_id == feedback_id)
    statement = select(HeardItem).where(*mine).order_by(HeardItem.version_at.desc(), HeardItem.heard_at.desc()).limit(1)
    found: HeardItem | None = await work.session.scalar(statement)
    if found is None or found.content is None or found.removal:
        return None
    named = {"external_id": found.external_id, "external_version": found.external_version}
    return FeedbackItem.model_validate(found.content | named)


MEDIA = Dispatcher(KIND, attempt, at_once=4, per_lane=2)

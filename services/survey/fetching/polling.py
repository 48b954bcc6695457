"""Platforms that are asked in turns: what a page held and where to go on are written down together."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from services.survey.adapters.base import Adapter, Connection, Platform, Poll, Polled
from services.survey.fetching import questions
from services.survey.fetching.listings import compared
from services.survey.fetching.questions import Question
from services.survey.hearing.service import hear
from services.survey.sources.connections import adapter_of
from services.survey.sources.models import Source
from shared.dispatch import queue
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim
from shared.service import Runtime
from shared.work import Work

KIND: Final = "sources.poll"
# Not all at the same second, or at the full hour, when everybody else asks too.
JITTER: Final = 0.1


async def begin(work: Work, source: Source) -> None:
    """From now on it is asked in turns, if it can be asked; if it is already, it is asked now."""
    if isinstance(adapter_of(source), Poll):
        await queue.withdraw(work, KIND, source.id)
        await queue.enqueue(work, KIND, [(source.id, source.id)])


async def end(work: Work, source: Source) -> None:
    """Nobody asks it any more."""
    await queue.withdraw(work, KIND, source.id)


async def attempt(runtime: Runtime, claim: Claim) -> None:
    await questions.put(runtime, claim, _prepare)


async def _prepare(work: Work, source: Source, adapter: Adapter, _: UUID) -> Question | None:
    if not isinstance(adapter, Poll):
        return None
    poller, cursor, now = adapter, dict(source.cursor), work.now

    async def ask(connection: Connection, platform: Platform) -> Polled:
        return await poller.poll(connection, platform, cursor, now)

    async def note(work: Work, source: Source, polled: Polled) -> timedelta:
        await hear(work, source, await compared(work, source, polled))
        # Another one, if somebody has reset it meanwhile: then this page was the old way's last.
        if source.cursor == cursor:
            source.cursor = polled.cursor
        source.last_polled_at = work.now
        return timedelta(0) if polled.more else jittered(poller.every, source.id)

    return Question(ask, note)


def jittered(every: timedelta, source_id: UUID) -> timedelta:
    """The same for a source each time, so that its rhythm is steady."""
    share = source_id.int % 1_000 / 1_000
    return every * (1 - JITTER + 2 * JITTER * share)


POLLS = Dispatcher(KIND, attempt, at_once=8, per_lane=1)

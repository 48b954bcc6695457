"""Senders that only say that something changed: we look, at most so often, and believe what we see."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select

from services.survey.adapters.base import Adapter, Connection, Platform, PushHint, Unreadable
from services.survey.fetching import questions
from services.survey.fetching.questions import Failure, Question
from services.survey.hearing.canonical import Hint, Item
from services.survey.hearing.service import hear
from services.survey.sources import health
from services.survey.sources.connections import received_of
from services.survey.sources.models import Delivery, Source
from shared.dispatch import queue
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim
from shared.service import Runtime
from shared.work import Work

KIND: Final = "sources.hint"
# Anybody who knows the address of some of these sources can send hints: each costs a look, so looks are counted.
MOST_LOOKS: Final = 120
COUNTED_FOR: Final = timedelta(hours=1)
# A delivery that names more is one that asks for a list; the source's own turn finds the rest.
MOST_HINTS: Final = 50


async def look(work: Work, delivery: Delivery) -> None:
    """What changed is looked up soon, outside of this transaction. Until then the delivery waits to be read."""
    delivery.state, delivery.read_at = "received", None
    await queue.withdraw(work, KIND, delivery.id)
    await queue.enqueue(work, KIND, [(delivery.id, delivery.source_id)])


async def attempt(runtime: Runtime, claim: Claim) -> None:
    await questions.put(runtime, claim, _prepare)


async def _prepare(work: Work, source: Source, adapter: Adapter, delivery_id: UUID) -> Question | timedelta | None:
    delivery = await _delivery(work, delivery_id)
    if delivery is None or not isinstance(adapter, PushHint):
        return None
    if source.asking_since is None or source.asking_since <= work.now - COUNTED_FOR:
        source.asking_since, source.asked = work.now, 0
    if source.asked >= MOST_LOOKS:
        return source.asking_since + COUNTED_FOR - work.now
    source.asked += 1
    hinting, received = adapter, received_of(delivery, work.settings)

    async def ask(connection: Connection, platform: Platform) -> Sequence[Item] | Unreadable:
        try:
            return await _seen(hinting, hinting.hints(received, connection), connection, platform)
        except Unreadable as problem:
            return problem

    async def note(work: Work, source: Source, seen: Sequence[Item] | Unreadable) -> None:
        delivery = await _delivery(work, delivery_id)
        if delivery is None:
            return
        delivery.read_at = work.now
        if isinstance(seen, Unreadable):
            _quarantine(delivery, str(seen))
            return
        delivery.state, delivery.problem = "read", None
        # What stood in the delivery itself was counted when that was read.
        delivery.items += len(seen)
        await hear(work, source, seen, delivery_id=delivery.id)
        await health.was_heard(work, source, delivery.received_at)

    async def give_up(work: Work, source: Source, failure: Failure) -> None:
        if (delivery := await _delivery(work, delivery_id)) is not None:
            _quarantine(delivery, f"What it names could not be fetched: {failure}")

    return Question(ask, note, give_up)


async def _seen(adapter: PushHint, hints: Sequence[Hint], connection: Connection, platform: Platform) -> list[Item]:
    """Each thing once, however often it was named."""
    named = list({hint.reference: hint for hint in hints}.values())[:MOST_HINTS]
    return [item for hint in named for item in await adapter.fetch(hint, connection, platform)]


def _quarantine(delivery: Delivery, problem: str) -> None:
    delivery.state, delivery.problem = "quarantined", problem[:500]


async def _delivery(work: Work, delivery_id: UUID) -> Delivery | None:
    """None if it is no longer waiting to be read."""
    mine = (Delivery.id == delivery_id, Delivery.account_id == work.account_id, Delivery.state == "received")
    found: Delivery | None = await work.session.scalar(select(Delivery).where(*mine).with_for_update())
    return found


HINTS = Dispatcher(KIND, attempt, at_once=8, per_lane=2)

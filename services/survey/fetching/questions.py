"""One question to a platform: prepared in a transaction, asked outside of any, its outcome noted in another.

The platform's health is the source's: after a failure nobody asks it before `retry_at`, whoever it was that failed, and
the pauses grow. So a platform that is down, or that asks for patience, costs one question now and then (a circuit
breaker that closes itself with the first good answer).
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy import select

from services.survey.adapters.base import (
    AccessDenied,
    Adapter,
    Connection,
    Platform,
    PlatformBusy,
    PlatformDown,
    Unreadable,
)
from services.survey.adapters.platform import GuardedPlatform
from services.survey.sources import health
from services.survey.sources.connections import adapter_of, connection_of
from services.survey.sources.models import Source
from shared.bus.loops import summary
from shared.dispatch.queue import Claim, finish, open_claim, postpone
from shared.http.egress import guarded_client
from shared.service import Runtime
from shared.work import Work

log = structlog.get_logger(__name__)

# So many in a row, and the owner is told.
FAILURES_TO_TELL: Final = 5
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
# Credentials do not heal by themselves; somebody may repair them at the platform, though.
DENIED_PAUSE: Final = timedelta(hours=6)

Failure = PlatformBusy | PlatformDown | AccessDenied | Unreadable


class TakenOver(Exception):
    """The claim's lease ran out while the platform was answering; nothing of the answer is written down."""


@dataclass(frozen=True, slots=True)
class Question:
    """`ask` does the asking and knows no transaction; `note` writes down what came and says after how long to ask
    again (None: it is done). `give_up`, if there is one, is called when `attempts` were made in vain, or at once when
    access is denied and `denied_is_final`."""

    ask: Callable[[Connection, Platform], Awaitable[Any]]
    note: Callable[[Work, Source, Any], Awaitable[timedelta | None]]
    give_up: Callable[[Work, Source, Failure], Awaitable[None]] | None = None
    denied_is_final: bool = False
    attempts: int = 10


# None: there is nothing to ask any more. A `timedelta`: not yet.
Prepare = Callable[[Work, Source, Adapter, UUID], Awaitable[Question | timedelta | None]]


async def put(runtime: Runtime, claim: Claim, prepare: Prepare) -> None:
    """The claim's lane is the source. What it was claimed for stays until it is done, or is given up."""
    async with open_claim(runtime, claim) as work:
        found = await _prepared(work, claim, prepare)
    if found is None:
        return
    question, adapter, connection = found
    platform = GuardedPlatform(guarded_client(runtime), runtime.clock)
    answer: Any = None
    failure: Failure | None = None
    try:
        answer = await question.ask(connection, platform)
    except (PlatformBusy, PlatformDown, AccessDenied, Unreadable) as problem:
        failure = problem
    except Exception as problem:
        failure = failed(adapter, problem)
    with suppress(TakenOver):
        async with open_claim(runtime, claim) as work:
            source = await _source(work, claim.lane)
            if source is None:
                await finish(work, claim)
            elif failure is not None:
                await _note_failure(work, source, claim, question, failure)
            else:
                await _note_answer(work, source, claim, question, answer)


def failed(adapter: Adapter, problem: Exception) -> Unreadable:
    """A mistake of the adapter's. Trying again at once would not help, and the sender cannot either."""
    log.error("adapter failed", adapter=adapter.name, error=summary(problem))
    return Unreadable(f"The adapter failed ({type(problem).__name__}); this is a mistake of Heed's.")


async def _prepared(work: Work, claim: Claim, prepare: Prepare) -> tuple[Question, Adapter, Connection] | None:
    source = await _source(work, claim.lane)
    if source is None:
        await finish(work, claim)
        return None
    if source.retry_at is not None and source.retry_at > work.now:
        await postpone(work, claim, source.retry_at, counts=False)
        return None
    try:
        adapter = adapter_of(source)
    except LookupError:
        # It was there when the source was connected; this version of Heed knows it no more.
        await finish(work, claim)
        return None
    question = await prepare(work, source, adapter, claim.id)
    if isinstance(question, timedelta):
        await postpone(work, claim, work.now + question, counts=False)
        return None
    if question is None:
        await finish(work, claim)
        return None
    try:
        return question, adapter, connection_of(source, work.settings)
    except ValidationError:
        detail = "its settings or secrets are not complete"
        await health.went_wrong(work, source, trouble="denied", detail=detail)
        await postpone(work, claim, work.now + DENIED_PAUSE, counts=False)
        return None


async def _source(work: Work, source_id: UUID) -> Source | None:
    """To be changed. None if it is not active; a paused one is asked again when it goes on, see `polling.begin`."""
    mine = (Source.id == source_id, Source.account_id == work.account_id, Source.state == "active")
    found: Source | None = await work.session.scalar(select(Source).where(*mine).with_for_update())
    return found


async def _note_answer(work: Work, source: Source, claim: Claim, question: Question, answer: Any) -> None:
    pause = await question.note(work, source, answer)
    is_ours = await (finish(work, claim) if pause is None else postpone(work, claim, work.now + pause))
    if not is_ours:
        # Somebody else took over and has noted, or will note, the same: versions make it harmless, but the cursor and
        # the source's health are theirs.
        raise TakenOver
    source.retry_at = None
    await health.went_well(work, source)


async def _note_failure(work: Work, source: Source, claim: Claim, question: Question, failure: Failure) -> None:
    if isinstance(failure, PlatformBusy):
        source.retry_at = failure.retry_at
        await postpone(work, claim, failure.retry_at, counts=False)
        return
    source.failures += 1
    pause = DENIED_PAUSE if isinstance(failure, AccessDenied) else pause_after(source.failures)
    if isinstance(failure, AccessDenied):
        await health.went_wrong(work, source, trouble="denied", detail=str(failure) or "the platform refuses access")
    elif source.failures >= FAILURES_TO_TELL:
        await health.went_wrong(work, source, trouble="failing", detail=str(failure))
    if not isinstance(failure, Unreadable):
        source.retry_at = work.now + pause
    is_final = claim.attempts >= question.attempts or (question.denied_is_final and isinstance(failure, AccessDenied))
    if question.give_up is not None and is_final:
        if await finish(work, claim):
            await question.give_up(work, source, failure)
        return
    await postpone(work, claim, work.now + pause)


def pause_after(failures: int) -> timedelta:
    """One minute, two, four, ... six hours."""
    pause: timedelta = FIRST_PAUSE * 2 ** min(failures - 1, 20)
    return min(pause, LONGEST_PAUSE)

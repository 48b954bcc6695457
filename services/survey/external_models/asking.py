"""One text goes to the external model and its labels come back. Nobody waits for it: until then, and if it fails, the
built-in reading stands."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import httpx

from services.survey.external_models import service, speaking
from services.survey.external_models.models import ExternalModel, ExternalReading, ReadingState
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import row_of, told
from services.survey.learning import corrections
from services.survey.learning.reading import words_of
from services.survey.taxonomy import service as taxonomies
from services.survey.understanding.masking import masked
from shared.contracts.feedback import FeedbackUpdated
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, open_claim, postpone
from shared.http.client import NotAllowed
from shared.http.egress import guarded_client
from shared.service import Runtime
from shared.work import Work

TIMEOUT_SECONDS: Final = 30.0
READ_AT_MOST: Final = 64 * 1024
MOST_ATTEMPTS: Final = 3
# So many texts in a row without an answer, and it is switched off.
MOST_FAILURES: Final = 20
_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)
# A wrong key, address or model: the next text would fare no better.
_HOPELESS: Final = frozenset({400, 401, 403, 404})


@dataclass(frozen=True, slots=True)
class _Letter:
    url: str
    headers: dict[str, str]
    body: bytes
    text: str
    topics: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class _Result:
    """`said`, or why there is none. `pause`: seconds that the other side asked for."""

    said: speaking.Said | None
    problem: str | None = None
    status: int | None = None
    pause: float = 0.0


async def ask(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the reading."""
    async with open_claim(runtime, claim) as work:
        letter = await _prepare(work, claim)
    if letter is None:
        return
    result = await _send(runtime, letter)
    async with open_claim(runtime, claim) as work:
        await _note(work, claim, letter, result)


async def _prepare(work: Work, claim: Claim) -> _Letter | None:
    """None if there is nothing to send, or not now. The cap is counted before anything leaves."""
    reading = await work.session.get(ExternalReading, claim.id)
    model = await service.find(work)
    feedback = None if reading is None else await work.session.get(Feedback, reading.feedback_id)
    if reading is None or feedback is None or feedback.text is None or model is None or not model.enabled:
        await _end(work, claim, reading, ReadingState.SKIPPED)
        return None
    if corrections.hash_of(feedback.text) != reading.text_hash or feedback.sentiment_method in ("rating", "human"):
        await _end(work, claim, reading, ReadingState.SKIPPED)
        return None
    text = masked(words_of(feedback.title, feedback.text) or "")[: speaking.LONGEST_TEXT]
    if not _take(work, model, len(text)):
        await postpone(work, claim, _next_month(work), counts=False)
        return None
    topics = tuple((await taxonomies.current(work)).keys)
    headers = {"Content-Type": "application/json", "User-Agent": "Heed/1"}
    key = service.opened_key(model, work.settings)
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    body = speaking.question(model.model, text, topics)
    return _Letter(service.address_of(model.base_url), headers, body, text, topics, model.model)


def _take(work: Work, model: ExternalModel, characters: int) -> bool:
    """Whether the month's cap has room for one more."""
    if model.month != service.month_of(work):
        model.month, model.calls_used, model.characters_used = service.month_of(work), 0, 0
    has_room = model.calls_used < model.monthly_calls and model.characters_used + characters <= model.monthly_characters
    if has_room:
        model.calls_used += 1
        model.characters_used += characters
    return has_room


async def _send(runtime: Runtime, letter: _Letter) -> _Result:
    try:
        answer = await guarded_client(runtime).post(
            letter.url,
            content=letter.body,
            headers=letter.headers,
            timeout=TIMEOUT_SECONDS,
            read_at_most=READ_AT_MOST,
        )
    except NotAllowed as problem:
        return _Result(None, f"refused: {problem}", 403)
    except (TimeoutError, httpx.TimeoutException):
        return _Result(None, f"no answer within {TIMEOUT_SECONDS:.0f} seconds")
    except (OSError, httpx.HTTPError, httpx.InvalidURL) as problem:
        return _Result(None, f"no connection ({type(problem).__name__})")
    if answer.status != 200:
        asked = answer.headers.get("retry-after", "")
        return _Result(None, f"answered {answer.status}", answer.status, float(asked) if asked.isdigit() else 0.0)
    try:
        return _Result(speaking.answer(answer.body, letter.text, letter.topics))
    except speaking.Unreadable:
        return _Result(None, "the answer was not the JSON that was asked for")


async def _note(work: Work, claim: Claim, letter: _Letter, result: _Result) -> None:
    reading = await work.session.get(ExternalReading, claim.id)
    model = await service.find(work)
    if result.said is not None:
        if await _end(work, claim, reading, ReadingState.DONE, sent_to=letter.model) and reading is not None:
            await _apply(work, reading, letter.model, result.said)
            if model is not None:
                model.failures = 0
        return
    if claim.attempts < MOST_ATTEMPTS and result.status not in _HOPELESS:
        pause = max(_PAUSE * 2 ** (claim.attempts - 1), timedelta(seconds=result.pause))
        await postpone(work, claim, work.now + min(pause, _LONGEST_PAUSE))
        return
    if await _end(work, claim, reading, ReadingState.FAILED, sent_to=letter.model, note=result.problem) and model:
        model.failures += 1
        if result.status in _HOPELESS or model.failures >= MOST_FAILURES:
            model.enabled, model.note = False, f"switched off: {result.problem}"
            model.version += 1
            model.updated_at = work.now


async def _end(
    work: Work, claim: Claim, reading: ExternalReading | None, state: ReadingState, **columns: str | None
) -> bool:
    """False if the claim was taken over: then nothing may be written down."""
    if not await finish(work, claim):
        return False
    if reading is not None:
        reading.state, reading.ended_at = state, work.now
        for name, value in columns.items():
            setattr(reading, name, value)
    return True


async def _apply(work: Work, reading: ExternalReading, model: str, said: speaking.Said) -> None:
    """Its labels replace those of machines, never those of people."""
    feedback = await work.session.get(Feedback, reading.feedback_id, with_for_update=True, populate_existing=True)
    if feedback is None or corrections.hash_of(feedback.text) != reading.text_hash:
        return
    before = (feedback.sentiment_label, {topic["key"] for topic in feedback.topics})
    if feedback.sentiment_method not in ("rating", "human"):
        feedback.sentiment_label, feedback.sentiment_score = said.sentiment, said.score
        feedback.sentiment_method, feedback.sentiment_model = service.METHOD, model
        feedback.sentiment_evidence, feedback.sentiment_mixed = said.evidence, False
    if (feedback.id, "topics") not in await corrections.of_people(work, [feedback]):
        known: dict[str, Any] = {topic["key"]: topic for topic in feedback.topics}
        taxonomy = await taxonomies.current(work)
        feedback.topics = [
            known.get(key, {"key": key, "parent": taxonomy.parent_of(key), "evidence": [], "model": model})
            for key in said.topics
        ]
    if before != (feedback.sentiment_label, {topic["key"] for topic in feedback.topics}):
        feedback.version += 1
        feedback.updated_at = work.now
        if feedback.told:
            updated = FeedbackUpdated(**dict(told(row_of(feedback))), reason="relabelled")
            work.emit(updated, subject=feedback.id, version=feedback.version, by_day=feedback.anonymous)


def _next_month(work: Work) -> Any:
    first = work.now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)


ASKING: Final = Dispatcher(service.QUEUE, ask, at_once=4, per_lane=2)

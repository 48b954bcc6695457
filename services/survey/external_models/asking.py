"""One text goes to the external model and its labels come back. Nobody waits for it: until then, and if it fails, the
built-in reading stands."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from services.survey.external_models import service, speaking
from services.survey.external_models.models import ExternalModel, ExternalReading, ReadingState
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import row_of, told
from services.survey.learning import corrections
from services.survey.learning.reading import words_of
from services.survey.taxonomy import service as taxonomies
from shared.contracts.feedback import FeedbackUpdated
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, finish, open_claim, postpone
from shared.external_models import service as external
from shared.external_models.asking import Letter, Result, address_of, send
from shared.http.egress import guarded_client
from shared.masking import masked
from shared.service import Runtime
from shared.work import Work

TIMEOUT_SECONDS: Final = 30.0
MOST_ATTEMPTS: Final = 3
_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was sent, and what an answer may name."""

    letter: Letter
    text: str
    topics: tuple[str, ...]
    model: str

    def of(self, body: bytes) -> speaking.Said:
        return speaking.answer(body, self.text, self.topics)


async def ask(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the reading."""
    async with open_claim(runtime, claim) as work:
        asked = await _prepare(work, claim)
    if asked is None:
        return
    result = await send(guarded_client(runtime), asked.letter, asked.of, seconds=TIMEOUT_SECONDS)
    async with open_claim(runtime, claim) as work:
        await _note(work, claim, asked.model, result)


async def _prepare(work: Work, claim: Claim) -> _Reading | None:
    """None if there is nothing to send, or not now. The cap is counted before anything leaves."""
    reading = await work.session.get(ExternalReading, claim.id)
    model = await external.find(work, ExternalModel)
    feedback = None if reading is None else await work.session.get(Feedback, reading.feedback_id)
    if reading is None or feedback is None or feedback.text is None or model is None or not model.enabled:
        await _end(work, claim, reading, ReadingState.SKIPPED)
        return None
    if corrections.hash_of(feedback.text) != reading.text_hash or feedback.sentiment_method in ("rating", "human"):
        await _end(work, claim, reading, ReadingState.SKIPPED)
        return None
    text = masked(words_of(feedback.title, feedback.text) or "")[: speaking.LONGEST_TEXT]
    if not external.take(work, model, len(text)):
        await postpone(work, claim, _next_month(work), counts=False)
        return None
    topics = tuple((await taxonomies.current(work)).keys)
    body = speaking.question(model.model, text, topics)
    letter = Letter(address_of(model.base_url), external.opened_key(model, work.settings), body)
    return _Reading(letter, text, topics, model.model)


async def _note(work: Work, claim: Claim, sent_to: str, result: Result[speaking.Said]) -> None:
    reading = await work.session.get(ExternalReading, claim.id)
    model = await external.find(work, ExternalModel)
    if result.said is not None:
        if await _end(work, claim, reading, ReadingState.DONE, sent_to=sent_to) and reading is not None:
            await _apply(work, reading, sent_to, result.said)
            if model is not None:
                model.failures = 0
        return
    if claim.attempts < MOST_ATTEMPTS and not result.is_hopeless:
        pause = max(_PAUSE * 2 ** (claim.attempts - 1), timedelta(seconds=result.pause))
        await postpone(work, claim, work.now + min(pause, _LONGEST_PAUSE))
        return
    if await _end(work, claim, reading, ReadingState.FAILED, sent_to=sent_to, note=result.problem) and model:
        external.note_failure(work, model, result)


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

"""Reading feedback, and correcting what the machine made of it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.survey.feedback.models import Feedback
from services.survey.feedback.schemas import FeedbackChange
from services.survey.feedback.understanding import row_of, told
from services.survey.learning import corrections
from services.survey.learning import service as learning
from services.survey.learning.models import KINDS
from services.survey.taxonomy import service as taxonomy
from shared.contracts.feedback import FeedbackUpdated
from shared.contracts.ratings import Band
from shared.http.errors import NotFound, Unacceptable
from shared.work import Work

# What a person says a text feels like, where no score says how much.
_SCORE: dict[Band, float] = {"negative": -1.0, "neutral": 0.0, "positive": 1.0}


class FeedbackNotFound(NotFound):
    """There is no such feedback here."""

    code = "feedback_not_found"


async def read(work: Work, feedback_id: UUID, *, to_change: bool = False) -> Feedback:
    """Raises `FeedbackNotFound`."""
    statement: Any = select(Feedback).where(Feedback.id == feedback_id, Feedback.account_id == work.account_id)
    feedback: Feedback | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if feedback is None:
        raise FeedbackNotFound
    return feedback


async def find_external(work: Work, source_id: UUID, external_id: str) -> Feedback | None:
    """By how its source calls it."""
    mine = (Feedback.account_id == work.account_id, Feedback.source_id == source_id)
    found: Feedback | None = await work.session.scalar(
        select(Feedback).where(*mine, Feedback.external_id == external_id)
    )
    return found


async def correct(work: Work, feedback: Feedback, wanted: FeedbackChange) -> None:
    """A person knows better, and the account's models learn from it; what a person confirms, too.

    Raises `Unacceptable` for a topic that is neither in the account's taxonomy nor on the feedback already.
    """
    given = wanted.model_fields_set
    if "sentiment" in given:
        corrections.record(work, feedback, "sentiment", before=feedback.sentiment_label, after=wanted.sentiment)
        feedback.sentiment_label = wanted.sentiment
        feedback.sentiment_score = _SCORE[wanted.sentiment]
        feedback.sentiment_method, feedback.sentiment_evidence, feedback.sentiment_model = "human", [], None
        feedback.sentiment_mixed = False
    if "topics" in given:
        topics = await _topics(work, feedback, wanted.topics)
        before = [topic["key"] for topic in feedback.topics]
        corrections.record(work, feedback, "topics", before=before, after=[topic["key"] for topic in topics])
        feedback.topics = topics
    if "urgency" in given:
        corrections.record(work, feedback, "urgency", before=feedback.urgency_label, after=wanted.urgency)
        feedback.urgency_label, feedback.urgency_evidence = wanted.urgency, []
    feedback.version += 1
    feedback.updated_at = work.now
    for kind in KINDS:
        if kind in given and feedback.text is not None:
            await learning.note_correction(work, kind)
    if given and feedback.told:
        updated = FeedbackUpdated(**dict(told(row_of(feedback))), reason="corrected")
        work.emit(updated, subject=feedback.id, version=feedback.version, by_day=feedback.anonymous)


async def _topics(work: Work, feedback: Feedback, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """Those that stay as they are, and the new ones with their parents; each once."""
    staying = {topic["key"]: topic for topic in feedback.topics}
    known = await taxonomy.current(work)
    for place, key in enumerate(wanted):
        if key not in staying and key not in known.keys:
            detail = "This topic is not in your taxonomy; see GET /v1/taxonomy, or add it there first."
            raise Unacceptable.field(f"/topics/{place}", "unknown_topic", detail)
    fresh: dict[str, dict[str, Any]] = {
        key: {"key": key, "parent": known.parent_of(key), "evidence": []} for key in wanted
    }
    return [staying.get(key, topic) for key, topic in fresh.items()]

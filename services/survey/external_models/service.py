"""What is to be sent to an account's external model."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from services.survey.external_models.models import ExternalModel, ExternalReading, ReadingState
from services.survey.external_models.schemas import LabellingModelOut
from services.survey.learning.corrections import hash_of
from shared.dispatch.queue import enqueue
from shared.external_models import service as external
from shared.ids import new_id
from shared.work import Work

QUEUE: Final = "external readings"
METHOD: Final = "external"


async def shown(work: Work, model: ExternalModel) -> LabellingModelOut:
    waiting = select(func.count()).where(
        ExternalReading.account_id == work.account_id, ExternalReading.state == ReadingState.WAITING
    )
    fields = external.fields_of(work, model, LabellingModelOut)
    return LabellingModelOut.model_validate(fields | {"waiting": await work.session.scalar(waiting) or 0})


async def is_on(work: Work) -> bool:
    return await external.is_on(work, ExternalModel)


async def note(work: Work, rows: Collection[Mapping[str, Any]]) -> None:
    """These rows of `feedback` were heard just now: words that no rating and no person has judged are to be sent."""
    judged = ("rating", "human", METHOD)
    told = [row for row in rows if row["text"] and not row["automatic"] and row["sentiment_method"] not in judged]
    if not told or not await is_on(work):
        return
    values = [
        {
            "id": new_id(),
            "account_id": work.account_id,
            "feedback_id": row["id"],
            "text_hash": hash_of(row["text"]),
            "state": ReadingState.WAITING,
            "created_at": work.now,
        }
        for row in told
    ]
    statement = insert(ExternalReading).values(values).on_conflict_do_nothing().returning(ExternalReading.id)
    fresh = (await work.session.scalars(statement)).all()
    await enqueue(work, QUEUE, [(reading_id, work.account_id) for reading_id in fresh])

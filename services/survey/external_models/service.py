"""How an account's external model is set, and what is to be sent to it."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.survey.external_models.models import ExternalModel, ExternalReading, ReadingState
from services.survey.external_models.schemas import ExternalModelIn, ExternalModelOut
from services.survey.learning.corrections import hash_of
from shared.auth.sealing import seal, unseal
from shared.dispatch.queue import enqueue
from shared.http.client import GuardedClient, NotAllowed
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.settings import ServiceSettings
from shared.work import Work

QUEUE: Final = "external readings"
METHOD: Final = "external"
_PURPOSE: Final = "external-model-keys"


async def configure(
    work: Work, wanted: ExternalModelIn, client: GuardedClient, *, expected: int | None
) -> ExternalModel:
    """Raises `Unacceptable` for an address that must not be reached."""
    base_url = wanted.base_url.rstrip("/")
    try:
        client.check_url(address_of(base_url))
    except NotAllowed as problem:
        raise Unacceptable.field("/base_url", "url", f"This address cannot be used: {problem}.") from None
    model = await find(work)
    if model is None:
        model = ExternalModel(
            id=new_id(), account_id=work.account_id, version=0, month="", calls_used=0, characters_used=0, api_key=None
        )
        work.session.add(model)
    else:
        check_match(expected, model.version)
    if wanted.api_key is not None:
        model.api_key = seal(wanted.api_key.encode(), _key(work.settings), model.id)
    elif model.version and base_url != model.base_url:
        # A key goes only where it was meant for.
        model.api_key = None
    model.enabled, model.base_url, model.model = wanted.enabled, base_url, wanted.model
    model.monthly_calls, model.monthly_characters = wanted.monthly_calls, wanted.monthly_characters
    model.failures, model.note = 0, None
    model.version += 1
    model.updated_by, model.updated_at = str(work.actor), work.now
    await work.session.flush()
    return model


async def find(work: Work) -> ExternalModel | None:
    """To change it."""
    statement = select(ExternalModel).where(ExternalModel.account_id == work.account_id).with_for_update()
    found: ExternalModel | None = await work.session.scalar(statement)
    return found


async def read(work: Work) -> ExternalModel:
    """Raises `NotFound`."""
    model = await find(work)
    if model is None:
        raise NotFound("This account uses no external model.")
    return model


async def shown(work: Work, model: ExternalModel) -> ExternalModelOut:
    this_month = month_of(work) == model.month
    waiting = select(func.count()).where(
        ExternalReading.account_id == work.account_id, ExternalReading.state == ReadingState.WAITING
    )
    fields = {name: getattr(model, name, None) for name in ExternalModelOut.model_fields} | {
        "has_api_key": model.api_key is not None,
        "month": month_of(work),
        "calls_used": model.calls_used if this_month else 0,
        "characters_used": model.characters_used if this_month else 0,
        "waiting": await work.session.scalar(waiting) or 0,
    }
    return ExternalModelOut.model_validate(fields)


async def remove(work: Work) -> None:
    await work.session.execute(delete(ExternalModel).where(ExternalModel.account_id == work.account_id))


async def is_on(work: Work) -> bool:
    mine = ExternalModel.account_id == work.account_id
    return await work.session.scalar(select(ExternalModel.enabled).where(mine)) or False


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


def address_of(base_url: str) -> str:
    return f"{base_url}/chat/completions"


def month_of(work: Work) -> str:
    return f"{work.now:%Y-%m}"


def opened_key(model: ExternalModel, settings: ServiceSettings) -> str | None:
    return None if model.api_key is None else unseal(model.api_key, _key(settings), model.id).decode()


def _key(settings: ServiceSettings) -> bytes:
    return settings.derived_key(_PURPOSE)

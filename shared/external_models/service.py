"""How an account's external model is set, what it may cost, and when it is switched off."""

from typing import Any, Final, TypeVar

from sqlalchemy import delete, select

from shared.auth.sealing import seal, unseal
from shared.external_models.asking import Result, address_of
from shared.external_models.models import ExternalModelRow
from shared.external_models.schemas import ExternalModelIn, ExternalModelOut
from shared.http.client import GuardedClient, NotAllowed
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.settings import ServiceSettings
from shared.work import Work

M = TypeVar("M", bound=ExternalModelRow)

# So many questions in a row without an answer, and it is switched off.
MOST_FAILURES: Final = 20
_PURPOSE: Final = "external-model-keys"


async def configure(
    work: Work, kind: type[M], wanted: ExternalModelIn, client: GuardedClient, *, expected: int | None
) -> M:
    """Raises `Unacceptable` for an address that must not be reached."""
    base_url = wanted.base_url.rstrip("/")
    try:
        client.check_url(address_of(base_url))
    except NotAllowed as problem:
        raise Unacceptable.field("/base_url", "url", f"This address cannot be used: {problem}.") from None
    model = await find(work, kind)
    if model is None:
        model = kind()
        model.id, model.account_id, model.version, model.api_key = new_id(), work.account_id, 0, None
        model.month, model.calls_used, model.characters_used = "", 0, 0
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


async def find(work: Work, kind: type[M]) -> M | None:
    """To change it."""
    statement = select(kind).where(kind.account_id == work.account_id).with_for_update()
    found: M | None = await work.session.scalar(statement)
    return found


async def read(work: Work, kind: type[M]) -> M:
    """Raises `NotFound`."""
    model = await find(work, kind)
    if model is None:
        raise NotFound("This account uses no external model.")
    return model


def shown(work: Work, model: ExternalModelRow) -> ExternalModelOut:
    return ExternalModelOut.model_validate(fields_of(work, model, ExternalModelOut))


def fields_of(work: Work, model: ExternalModelRow, out: type[ExternalModelOut]) -> dict[str, Any]:
    this_month = month_of(work) == model.month
    return {name: getattr(model, name, None) for name in out.model_fields} | {
        "has_api_key": model.api_key is not None,
        "month": month_of(work),
        "calls_used": model.calls_used if this_month else 0,
        "characters_used": model.characters_used if this_month else 0,
    }


async def remove(work: Work, kind: type[M]) -> None:
    await work.session.execute(delete(kind).where(kind.account_id == work.account_id))


async def is_on(work: Work, kind: type[M]) -> bool:
    return await work.session.scalar(select(kind.enabled).where(kind.account_id == work.account_id)) or False


def take(work: Work, model: ExternalModelRow, characters: int) -> bool:
    """Whether the month's caps have room for one more question; then it is counted, before anything leaves."""
    if model.month != month_of(work):
        model.month, model.calls_used, model.characters_used = month_of(work), 0, 0
    has_room = model.calls_used < model.monthly_calls and model.characters_used + characters <= model.monthly_characters
    if has_room:
        model.calls_used += 1
        model.characters_used += characters
    return has_room


def note_failure(work: Work, model: ExternalModelRow, result: Result[Any]) -> None:
    """A question without an answer. One that no other would fare better than switches it off."""
    model.failures += 1
    if result.is_hopeless or model.failures >= MOST_FAILURES:
        model.enabled, model.note = False, f"switched off: {result.problem}"
        model.version += 1
        model.updated_at = work.now


def opened_key(model: ExternalModelRow, settings: ServiceSettings) -> str | None:
    return None if model.api_key is None else unseal(model.api_key, _key(settings), model.id).decode()


def month_of(work: Work) -> str:
    return f"{work.now:%Y-%m}"


def _key(settings: ServiceSettings) -> bytes:
    return settings.derived_key(_PURPOSE)

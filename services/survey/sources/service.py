"""The life of a source: connected → active ⇄ paused → removed, which is final."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID

import orjson
from pydantic import ValidationError
from sqlalchemy import Select, func, select, update

from services.survey.adapters.base import Adapter, Push
from services.survey.adapters.registry import adapters
from services.survey.sources import reading, retention, watching
from services.survey.sources.addresses import FORMER_LIVES, hash_of, new_token
from services.survey.sources.connections import adapter_of, sealed, secrets_of
from services.survey.sources.models import Delivery, Rejection, Source
from services.survey.sources.schemas import NewSecrets, NewSource, RejectionOut, SourceChange
from shared.contracts.sources import SourceChanged
from shared.http.client import GuardedClient, NotAllowed
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.http.problems import from_validation
from shared.http.schemas import Model
from shared.ids import new_id
from shared.work import Work

MOST_SOURCES: Final = 500
LARGEST_SETTINGS: Final = 65_536
REJECTIONS_SHOWN: Final = timedelta(days=7)
Change = Literal["updated", "paused", "resumed", "removed", "address_rotated", "secrets_rotated"]


class SourceNotFound(NotFound):
    """There is no such source here."""

    code = "source_not_found"


class OneOfOurs(Conflict):
    """This source is Heed's own: it has no sender, no address and no secrets."""

    code = "builtin_source"


class TooManySources(Conflict):
    """This account has as many sources as it may have. Remove one that is not needed."""

    code = "too_many_sources"


async def connect(work: Work, new: NewSource, client: GuardedClient) -> tuple[Source, str | None]:
    """The source, and the token of its address if its sender sends; it is not readable again. `client` is what will
    ask for it."""
    adapter = adapters().get(new.adapter)
    if adapter is None:
        detail = f"There is no adapter `{new.adapter}`. There are: {', '.join(adapters())}."
        raise Unacceptable.field("/adapter", "unknown_adapter", detail)
    secrets, settings = checked(adapter.secrets, new.secrets, "secrets"), _settings(adapter, new.settings)
    _check_fit(adapter, settings, secrets)
    await _check_addresses(adapter, settings, client)
    mine = select(func.count()).where(Source.account_id == work.account_id, Source.state != "removed")
    if (await work.session.scalar(mine) or 0) >= MOST_SOURCES:
        raise TooManySources
    source_id, token = new_id(), new_token() if isinstance(adapter, Push) else None
    source = Source(
        id=source_id,
        account_id=work.account_id,
        version=1,
        adapter=adapter.name,
        builtin=False,
        name=new.name,
        state="active",
        settings=settings.model_dump(mode="json"),
        secrets=sealed(secrets, work.settings, source_id),
        token_hash=hash_of(token) if token else None,
        silent_after_days=new.silent_after_days,
        created_at=work.now,
        updated_at=work.now,
    )
    work.session.add(source)
    await work.session.flush()
    work.emit(_changed(source, "connected"), subject=source.id, version=source.version)
    await retention.begin(work)
    await watching.begin(work)
    await reading.begin(work, source)
    return source, token


def listed(work: Work) -> Select[Any]:
    return select(Source).where(Source.account_id == work.account_id, Source.state != "removed")


async def read(work: Work, source_id: UUID) -> Source:
    """Raises `SourceNotFound`."""
    return await _one(work, listed(work).where(Source.id == source_id))


async def read_to_change(work: Work, source_id: UUID) -> Source:
    """Locks the row. Raises `SourceNotFound`, or `OneOfOurs`."""
    source = await _one(work, listed(work).where(Source.id == source_id).with_for_update())
    if source.builtin:
        raise OneOfOurs
    return source


async def change(work: Work, source: Source, wanted: SourceChange, client: GuardedClient) -> None:
    """`client` is what will ask for it."""
    given = wanted.model_fields_set
    for field in given - {"silent_after_days"}:
        if getattr(wanted, field) is None:
            raise Unacceptable.field(f"/{field}", "null", "Leave it out to keep it as it is.")
    if wanted.name is not None:
        source.name = wanted.name
    if wanted.settings is not None:
        adapter = adapter_of(source)
        settings = _settings(adapter, wanted.settings)
        # Those that no longer suit the adapter have to be entered anew anyway.
        with suppress(ValidationError):
            _check_fit(adapter, settings, secrets_of(source, work.settings))
        await _check_addresses(adapter, settings, client)
        source.settings = settings.model_dump(mode="json")
    if "silent_after_days" in given:
        source.silent_after_days = wanted.silent_after_days
    _touch(work, source, "updated", given)


def pause(work: Work, source: Source) -> None:
    """What comes is kept, and read when it goes on."""
    if source.state == "active":
        source.state = "paused"
        _touch(work, source, "paused")


async def resume(work: Work, source: Source) -> None:
    """It goes on, with what came meanwhile."""
    if source.state == "paused":
        source.state = "active"
        _touch(work, source, "resumed")
        await reading.begin(work, source)


async def remove(work: Work, source: Source) -> None:
    """Its address says from now on that it is gone; what was heard stays. Secrets are forgotten."""
    source.state = "removed"
    source.secrets = source.former_secrets = source.former_secrets_until = None
    source.trouble = source.trouble_since = source.trouble_detail = None
    mine = (Delivery.account_id == work.account_id, Delivery.source_id == source.id, Delivery.state == "received")
    await work.session.execute(update(Delivery).where(*mine).values(state="ignored", read_at=work.now))
    await reading.end(work, source)
    _touch(work, source, "removed")


def rotate_address(work: Work, source: Source) -> str:
    """The token of the new address. The former one works for a day; one from an earlier rotation stops.

    Raises `Conflict` for a source whose sender does not send.
    """
    if source.token_hash is None:
        raise Conflict("This source has no address: its platform is asked, and sends nothing by itself.")
    token = new_token()
    source.former_token_hash, source.former_token_until = source.token_hash, work.now + FORMER_LIVES
    source.token_hash = hash_of(token)
    _touch(work, source, "address_rotated")
    return token


async def rotate_secrets(work: Work, source: Source, new: NewSecrets) -> None:
    """Two sets at most are live."""
    adapter = adapter_of(source)
    secrets = checked(adapter.secrets, new.secrets, "secrets")
    with suppress(ValidationError):
        _check_fit(adapter, adapter.settings.model_validate(source.settings), secrets)
    keep = new.keep_former_hours > 0 and source.secrets is not None
    source.former_secrets = source.secrets if keep else None
    source.former_secrets_until = work.now + timedelta(hours=new.keep_former_hours) if keep else None
    source.secrets = sealed(secrets, work.settings, source.id)
    _touch(work, source, "secrets_rotated")
    # What failed for want of them is tried at once; a platform that asked us to wait still is waited for.
    if source.trouble == "denied":
        source.retry_at = None
    await reading.begin(work, source)


async def waiting(work: Work, source: Source) -> int:
    """Deliveries that are kept and not read yet."""
    mine = (Delivery.account_id == work.account_id, Delivery.source_id == source.id, Delivery.state == "received")
    return await work.session.scalar(select(func.count()).where(*mine)) or 0


async def rejections(work: Work, source: Source) -> list[RejectionOut]:
    """Of the last days, by reason."""
    mine = (Rejection.account_id == work.account_id, Rejection.source_id == source.id)
    statement = (
        select(Rejection.reason, func.sum(Rejection.count), func.max(Rejection.last_at))
        .where(*mine, Rejection.hour >= work.now - REJECTIONS_SHOWN)
        .group_by(Rejection.reason)
        .order_by(Rejection.reason)
    )
    rows = (await work.session.execute(statement)).all()
    return [RejectionOut(reason=reason, count=count, last_at=last_at) for reason, count, last_at in rows]


async def _one(work: Work, statement: Select[Any]) -> Source:
    source: Source | None = await work.session.scalar(statement)
    if source is None:
        raise SourceNotFound
    return source


def _settings(adapter: Adapter, given: dict[str, Any]) -> Model:
    settings = checked(adapter.settings, given, "settings")
    try:
        size = len(orjson.dumps(settings.model_dump(mode="json")))
    except TypeError:
        raise Unacceptable.field("/settings", "too_large", "A number in it has more than 64 bits.") from None
    if size > LARGEST_SETTINGS:
        raise Unacceptable.field("/settings", "too_long", f"At most {LARGEST_SETTINGS} bytes as JSON.")
    return settings


def _check_fit(adapter: Adapter, settings: Model, secrets: Model) -> None:
    """Raises `Unacceptable`: a source that could verify nothing would refuse all that is sent."""
    unfit = adapter.unfit(settings, secrets)
    if unfit:
        problems = tuple(FieldProblem(f"/secrets/{name}", "unfit_secret", detail) for name, detail in unfit.items())
        raise Unacceptable(problems[0].detail, errors=problems)


async def _check_addresses(adapter: Adapter, settings: Model, client: GuardedClient) -> None:
    """Raises `Unacceptable` for one that could never be asked."""
    problems = []
    for name, url in adapter.asks(settings).items():
        try:
            await client.check_reachable(url)
        except NotAllowed as problem:
            detail = f"This address can never be asked: {problem}."
            problems.append(FieldProblem(f"/settings/{name}", "not_allowed", detail))
    if problems:
        raise Unacceptable(problems[0].detail, errors=tuple(problems))


def checked(model: type[Model], given: dict[str, Any], place: str) -> Model:
    """Raises `Unacceptable`, which names the field and never repeats its value."""
    try:
        return model.model_validate(given)
    except ValidationError as problem:
        found: Sequence[Any] = problem.errors(include_url=False, include_input=False)
        raise from_validation([item | {"loc": (place, *item["loc"])} for item in found], skip=0) from None


def _touch(work: Work, source: Source, change: Change, fields: Iterable[str] = ()) -> None:
    source.version += 1
    source.updated_at = work.now
    work.emit(_changed(source, change, fields), subject=source.id, version=source.version)


def _changed(source: Source, change: Change | Literal["connected"], fields: Iterable[str] = ()) -> SourceChanged:
    return SourceChanged(
        source_id=source.id,
        adapter=source.adapter,
        name=source.name,
        change=change,
        fields=tuple(sorted(fields)),
    )

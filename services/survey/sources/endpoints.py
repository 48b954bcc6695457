"""`/v1/adapters` and `/v1/sources`: what can be connected, and what is."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import Response

from services.survey.adapters.base import Adapter, Push
from services.survey.adapters.registry import adapters
from services.survey.sources import health
from services.survey.sources import service as sources
from services.survey.sources.addresses import url_of
from services.survey.sources.auth import SourcesRead, SourcesWrite
from services.survey.sources.connections import names_of_secrets
from services.survey.sources.models import Source
from services.survey.sources.schemas import (
    AdapterOut,
    Adapters,
    CapabilitiesOut,
    ConnectedSource,
    NewSecrets,
    NewSource,
    SourceChange,
    SourceDetails,
    SourceOut,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, RuntimeDep, check_match, set_etag
from shared.http.egress import guarded_client
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/sources", tags=["sources"])
catalogue = APIRouter(prefix="/v1/adapters", tags=["sources"])


@catalogue.get("")
async def list_adapters(work: SourcesRead) -> Adapters:
    """Every sender that can be connected, what it can do, and what it needs to be told."""
    return Adapters(data=[_described(adapter) for adapter in adapters().values()])


@router.post("", status_code=201)
async def connect_source(
    body: NewSource, work: SourcesWrite, runtime: RuntimeDep, response: Response
) -> ConnectedSource:
    """Connect a sender. Its address is shown this once: give it to the sender."""
    source, token = await sources.connect(work, body, guarded_client(runtime))
    set_etag(response, source.version)
    return _connected(work, source, token)


@router.get("")
async def list_sources(work: SourcesRead, page: PageQuery) -> Page[SourceOut]:
    """Newest first; removed ones are not listed."""
    keys = (Source.created_at.desc(), Source.id.desc())
    found: Page[Source] = await paginate(work.session, sources.listed(work), page, keys=keys)
    return found.map(lambda source: SourceOut(**_values(work, source)))


@router.get("/{source_id}")
async def get_source(source_id: UUID, work: SourcesRead, response: Response) -> SourceDetails:
    """One source, and how it is doing."""
    source = await sources.read(work, source_id)
    set_etag(response, source.version)
    waiting, rejections = await sources.waiting(work, source), await sources.rejections(work, source)
    return SourceDetails(**_values(work, source), waiting=waiting, rejections=rejections)


@router.patch("/{source_id}")
async def change_source(
    source_id: UUID,
    body: SourceChange,
    work: SourcesWrite,
    runtime: RuntimeDep,
    if_match: IfMatch,
    response: Response,
) -> SourceOut:
    """Another name, other settings."""
    source = await sources.read_to_change(work, source_id)
    check_match(if_match, source.version)
    await sources.change(work, source, body, guarded_client(runtime))
    return _out(work, source, response)


@router.delete("/{source_id}", status_code=204)
async def remove_source(source_id: UUID, work: SourcesWrite) -> None:
    """For good: its address answers 410 from now on, which makes most senders stop. What was heard stays."""
    await sources.remove(work, await sources.read_to_change(work, source_id))


@router.post("/{source_id}/pause")
async def pause_source(source_id: UUID, work: SourcesWrite, response: Response) -> SourceOut:
    """What comes is kept, and read when it goes on; platforms are not asked."""
    source = await sources.read_to_change(work, source_id)
    sources.pause(work, source)
    return _out(work, source, response)


@router.post("/{source_id}/resume")
async def resume_source(source_id: UUID, work: SourcesWrite, response: Response) -> SourceOut:
    """Go on, with what came meanwhile."""
    source = await sources.read_to_change(work, source_id)
    await sources.resume(work, source)
    return _out(work, source, response)


@router.post("/{source_id}/address")
async def rotate_address(source_id: UUID, work: SourcesWrite, response: Response) -> ConnectedSource:
    """A new address, shown this once. The former one works for 24 hours more."""
    source = await sources.read_to_change(work, source_id)
    token = sources.rotate_address(work, source)
    set_etag(response, source.version)
    return _connected(work, source, token)


@router.post("/{source_id}/secrets")
async def rotate_secrets(source_id: UUID, body: NewSecrets, work: SourcesWrite, response: Response) -> SourceOut:
    """Other secrets, all of them. The former ones are accepted for as long as is wished."""
    source = await sources.read_to_change(work, source_id)
    await sources.rotate_secrets(work, source, body)
    return _out(work, source, response)


def _out(work: Work, source: Source, response: Response) -> SourceOut:
    set_etag(response, source.version)
    return SourceOut(**_values(work, source))


def _connected(work: Work, source: Source, token: str | None) -> ConnectedSource:
    url = url_of(work.settings, token) if token else None
    return ConnectedSource(**_values(work, source), hook_url=url, setup=_steps(adapters()[source.adapter], url))


def _values(work: Work, source: Source) -> dict[str, Any]:
    plain = set(SourceOut.model_fields) - {"trouble", "secrets", "former_address_until"}
    return {name: getattr(source, name) for name in plain} | {
        "trouble": health.shown(source),
        "secrets": names_of_secrets(source, work.settings),
        "former_address_until": source.former_token_until,
    }


def _described(adapter: Adapter) -> AdapterOut:
    able = asdict(adapter.capabilities)
    look_back = able.pop("look_back")
    return AdapterOut(
        name=adapter.name,
        title=adapter.title,
        capabilities=CapabilitiesOut(**able, look_back_days=look_back.days if look_back else None),
        settings=adapter.settings.model_json_schema(),
        secrets=adapter.secrets.model_json_schema(),
        setup=_steps(adapter, None),
    )


def _steps(adapter: Adapter, url: str | None) -> list[str]:
    steps = adapter.setup or ((_ENTER_ADDRESS,) if isinstance(adapter, Push) else ())
    return [step.replace("{url}", url or "the address that is shown when the source is connected") for step in steps]


_ENTER_ADDRESS = "Where the sender asks for the URL of a webhook, enter: {url}"

"""`/v1/sources/{source_id}/deliveries` and `/replay`: what a sender sent, as it came."""

import base64
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query
from sqlalchemy import func, select
from sqlalchemy.orm import defer

from services.survey.sources import reading, replays
from services.survey.sources import service as sources
from services.survey.sources.auth import SourcesRead, SourcesWrite
from services.survey.sources.models import Delivery, Replay
from services.survey.sources.schemas import (
    DeliveryDetails,
    DeliveryOut,
    DeliveryState,
    NamedValue,
    NewReplay,
    ReplayOut,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.errors import Conflict, NotFound
from shared.http.routing import APIRouter
from shared.http.schemas import Moment
from shared.work import Work

LARGEST_SHOWN: Final = 1_000_000
_SIZE: Final = func.length(Delivery.body).label("size")
router = APIRouter(prefix="/v1/sources/{source_id}", tags=["sources"])


class DeliveryNotFound(NotFound):
    """There is no such delivery here, or it is too old to be kept."""

    code = "delivery_not_found"


class DeliveryErased(Conflict):
    """What this delivery said was erased with the customer it was about."""

    code = "delivery_erased"


@router.get("/deliveries")
async def list_deliveries(
    source_id: UUID,
    work: SourcesRead,
    page: PageQuery,
    state: Annotated[DeliveryState | None, Query(description="Only those in this state.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Received at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Received before this moment.")] = None,
) -> Page[DeliveryOut]:
    """What it sent in the last 90 days, the last first."""
    source = await sources.read(work, source_id)
    mine = (Delivery.account_id == work.account_id, Delivery.source_id == source.id)
    statement = select(Delivery, _SIZE).where(*mine).options(defer(Delivery.body))
    if state is not None:
        statement = statement.where(Delivery.state == state)
    if since is not None:
        statement = statement.where(Delivery.received_at >= since)
    if until is not None:
        statement = statement.where(Delivery.received_at < until)
    keys = (Delivery.received_at.desc(), Delivery.id.desc())
    found: Page[tuple[Delivery, int]] = await paginate(work.session, statement, page, keys=keys)
    return found.map(lambda row: DeliveryOut(**_values(*row)))


@router.get("/deliveries/{delivery_id}")
async def get_delivery(source_id: UUID, delivery_id: UUID, work: SourcesRead) -> DeliveryDetails:
    """One delivery with its headers and its body."""
    return _shown(await _one(work, source_id, delivery_id))


@router.post("/deliveries/{delivery_id}/retry")
async def retry_delivery(source_id: UUID, delivery_id: UUID, work: SourcesWrite) -> DeliveryOut:
    """Read it again, at once, by the present adapter and settings."""
    source = await sources.read_to_change(work, source_id)
    delivery = await _one(work, source_id, delivery_id, to_change=True)
    if delivery.state == "erased":
        raise DeliveryErased
    await reading.read(work, source, delivery)
    return DeliveryOut(**_values(delivery, len(delivery.body)))


@router.post("/replay", status_code=202)
async def replay_deliveries(source_id: UUID, body: NewReplay, work: SourcesWrite) -> ReplayOut:
    """Read again what came in a time, such as after a change of the settings. Nothing is heard twice by it."""
    source = await sources.read_to_change(work, source_id)
    return await replays.shown(work, await replays.start(work, source, body))


@router.get("/replays")
async def list_replays(source_id: UUID, work: SourcesRead, page: PageQuery) -> Page[ReplayOut]:
    """Newest first."""
    source = await sources.read(work, source_id)
    keys = (Replay.created_at.desc(), Replay.id.desc())
    found: Page[Replay] = await paginate(work.session, replays.listed(work, source), page, keys=keys)
    return Page(data=[await replays.shown(work, replay) for replay in found.data], next_cursor=found.next_cursor)


@router.get("/replays/{replay_id}")
async def get_replay(source_id: UUID, replay_id: UUID, work: SourcesRead) -> ReplayOut:
    """How far it has got."""
    return await replays.shown(work, await replays.read(work, await sources.read(work, source_id), replay_id))


async def _one(work: Work, source_id: UUID, delivery_id: UUID, *, to_change: bool = False) -> Delivery:
    source = await sources.read(work, source_id)
    mine = (Delivery.account_id == work.account_id, Delivery.source_id == source.id, Delivery.id == delivery_id)
    statement = select(Delivery).where(*mine)
    found: Delivery | None = await work.session.scalar(statement.with_for_update() if to_change else statement)
    if found is None:
        raise DeliveryNotFound
    return found


def _values(delivery: Delivery, size: int) -> dict[str, Any]:
    names = ("id", "delivery_id", "state", "problem", "items", "received_at", "read_at")
    return {name: getattr(delivery, name) for name in names} | {"size": size}


def _shown(delivery: Delivery) -> DeliveryDetails:
    body = delivery.body[:LARGEST_SHOWN]
    text = _text(body)
    return DeliveryDetails(
        **_values(delivery, len(delivery.body)),
        method=delivery.method,
        scheme=delivery.scheme,
        headers=[NamedValue(name=name, value=value) for name, value in delivery.headers],
        query=[NamedValue(name=name, value=value) for name, value in delivery.query],
        body=text,
        body_base64=base64.b64encode(body).decode() if text is None else None,
        cut=len(delivery.body) > LARGEST_SHOWN,
    )


def _text(content: bytes) -> str | None:
    """None for what is no UTF-8. Cut in the middle of a character, it still is."""
    for end in range(len(content), max(len(content) - 4, -1), -1):
        try:
            return content[:end].decode()
        except UnicodeDecodeError:
            pass
    return None

"""`/v1/initiatives`: what was done for customers, what it cost, and what it brought."""

from uuid import UUID

from fastapi import Response

from services.metrics.initiatives import effects
from services.metrics.initiatives import service as initiatives
from services.metrics.initiatives.models import StoredInitiative
from services.metrics.initiatives.schemas import (
    InitiativeEffectOut,
    InitiativeOut,
    MemberCounts,
    Members,
    NewInitiative,
)
from services.metrics.scores.auth import MetricsRead
from services.metrics.worth.auth import MetricsWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/initiatives", tags=["initiatives"])


@router.get("")
async def list_initiatives(work: MetricsRead, page: PageQuery) -> Page[InitiativeOut]:
    """The newest first."""
    keys = (StoredInitiative.created_at.desc(), StoredInitiative.id.desc())
    found = await paginate(work.session, initiatives.listed(work), page, keys=keys)
    told = {stored.id: await _told(work, stored) for stored in found.data}
    return found.map(lambda stored: told[stored.id])


@router.post("", status_code=201)
async def add_initiative(body: NewInitiative, work: MetricsWrite, response: Response) -> InitiativeOut:
    """Who it was done for is sent to `/members`, unless the comparator is a holdout."""
    made = await initiatives.add(work, body)
    set_etag(response, made.version)
    return await _told(work, made)


@router.get("/{initiative_id}")
async def read_initiative(initiative_id: UUID, work: MetricsRead, response: Response) -> InitiativeOut:
    """With how many members it has."""
    found = await initiatives.read(work, initiative_id)
    set_etag(response, found.version)
    return await _told(work, found)


@router.put("/{initiative_id}")
async def replace_initiative(
    initiative_id: UUID, body: NewInitiative, work: MetricsWrite, if_match: IfMatch, response: Response
) -> InitiativeOut:
    """Say it anew; the members stay."""
    found = await initiatives.replace(work, initiative_id, body, expected=if_match)
    set_etag(response, found.version)
    return await _told(work, found)


@router.delete("/{initiative_id}", status_code=204)
async def delete_initiative(initiative_id: UUID, work: MetricsWrite, if_match: IfMatch) -> None:
    """With its members."""
    await initiatives.remove(work, initiative_id, expected=if_match)


@router.post("/{initiative_id}/members")
async def put_initiative_members(initiative_id: UUID, body: Members, work: MetricsWrite) -> MemberCounts:
    """Whom it was done for and whom they are compared with; more of them, or the same anew."""
    return await initiatives.put_members(work, initiative_id, body.members)


@router.get("/{initiative_id}/effect")
async def read_initiative_effect(initiative_id: UUID, work: MetricsRead) -> InitiativeEffectOut:
    """What it changed and brought, how sure that is, and what it rests on; no number without a comparator."""
    return await effects.effect(work, await initiatives.read(work, initiative_id))


async def _told(work: Work, stored: StoredInitiative) -> InitiativeOut:
    counted = await initiatives.counts(work, stored.id)
    return InitiativeOut.model_validate(
        initiatives.initiative_of(stored).model_dump()
        | {name: getattr(stored, name) for name in ("id", "version", "created_at", "updated_at")}
        | counted.model_dump()
    )

"""`/v1/personas`: segments as people see them."""

from uuid import UUID

from fastapi import Response

from services.customers.personas import service as personas
from services.customers.personas.schemas import NewPersona, PersonaOut
from services.customers.records.auth import CustomersRead, CustomersWrite
from services.customers.segments import service as segments
from services.customers.segments.models import Segment
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(tags=["personas"])


@router.get("/v1/personas")
async def list_personas(work: CustomersRead, page: PageQuery) -> Page[PersonaOut]:
    """By name, with how many they are now and how likely to recommend."""
    keys = (Segment.name_key.asc(), Segment.id.asc())
    found = await paginate(work.session, personas.personas_of(work), page, keys=keys)
    return Page[PersonaOut](data=await personas.shown(work, found.data), next_cursor=found.next_cursor)


@router.get("/v1/segments/{segment_id}/persona")
async def read_persona(segment_id: UUID, work: CustomersRead, response: Response) -> PersonaOut:
    """One persona, with the segment's `ETag`."""
    segment = await segments.find(work, segment_id)
    if segment.persona is None:
        raise personas.PersonaNotFound
    set_etag(response, segment.version)
    return (await personas.shown(work, [segment]))[0]


@router.put("/v1/segments/{segment_id}/persona")
async def describe_persona(
    segment_id: UUID, body: NewPersona, work: CustomersWrite, expected: IfMatch, response: Response
) -> PersonaOut:
    """Make a segment a persona, or describe it anew."""
    segment = await personas.describe(work, segment_id, body, expected)
    set_etag(response, segment.version)
    return (await personas.shown(work, [segment]))[0]


@router.delete("/v1/segments/{segment_id}/persona", status_code=204)
async def undescribe_persona(segment_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """The segment stays; only its description goes."""
    await personas.undescribe(work, segment_id, expected)

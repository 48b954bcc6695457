"""`/v1/segments`: groups of customers that keep themselves current."""

from uuid import UUID

from fastapi import Response

from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead, CustomersWrite
from services.customers.segments import explaining, lists, reading
from services.customers.segments import service as segments
from services.customers.segments.models import Segment, SegmentMember
from services.customers.segments.schemas import (
    Explanation,
    Listed,
    MemberOut,
    MembershipOut,
    NewSegment,
    Preview,
    PreviewRequest,
    Progress,
    SegmentChanges,
    SegmentOut,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(tags=["segments"])


@router.post("/v1/segments", status_code=201)
async def create_segment(body: NewSegment, work: CustomersWrite, response: Response) -> SegmentOut:
    """Make a segment. Its members are found from now on: `state` and `progress` say how far that is."""
    segment = await segments.create(work, body)
    set_etag(response, segment.version)
    return out(segment)


@router.get("/v1/segments")
async def list_segments(work: CustomersRead, page: PageQuery) -> Page[SegmentOut]:
    """By name."""
    keys = (Segment.name_key.asc(), Segment.id.asc())
    return (await paginate(work.session, segments.known_segments(work), page, keys=keys)).map(out)


@router.post("/v1/segments/preview")
async def preview_segment(body: PreviewRequest, work: CustomersRead) -> Preview:
    """How many customers a condition would find now, and some of them. Nothing is stored."""
    return await reading.preview(work, body.condition)


@router.get("/v1/segments/{segment_id}")
async def read_segment(segment_id: UUID, work: CustomersRead, response: Response) -> SegmentOut:
    """One segment, with the `ETag` that a change may carry as `If-Match`."""
    segment = await segments.find(work, segment_id)
    set_etag(response, segment.version)
    return out(segment)


@router.patch("/v1/segments/{segment_id}")
async def edit_segment(
    segment_id: UUID, body: SegmentChanges, work: CustomersWrite, expected: IfMatch, response: Response
) -> SegmentOut:
    """Change what is sent. A condition that leads back to the segment itself is refused, naming the way."""
    segment = await segments.edit(work, segment_id, body, expected)
    set_etag(response, segment.version)
    return out(segment)


@router.delete("/v1/segments/{segment_id}", status_code=204)
async def delete_segment(segment_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """Remove it. 409 while other segments ask for it."""
    await segments.remove(work, segment_id, expected)


@router.get("/v1/segments/{segment_id}/members")
async def list_members(segment_id: UUID, work: CustomersRead, page: PageQuery) -> Page[MemberOut]:
    """Who belongs, in the order of the customers' ids, the newest customer first."""
    segment = await segments.find(work, segment_id)
    found = await paginate(
        work.session, reading.members_of(work, segment), page, keys=(SegmentMember.customer_id.desc(),)
    )
    return found.map(lambda row: reading.as_model(MemberOut, row))


@router.post("/v1/segments/{segment_id}/members")
async def add_members(segment_id: UUID, body: Listed, work: CustomersWrite) -> SegmentOut:
    """Put customers on a static segment's list. Who may not be in any segment is listed and left out."""
    return out(await lists.add(work, segment_id, body.customer_ids))


@router.delete("/v1/segments/{segment_id}/members/{customer_id}", status_code=204)
async def take_member_off(segment_id: UUID, customer_id: UUID, work: CustomersWrite) -> None:
    """Take a customer off a static segment's list."""
    await lists.take_off(work, segment_id, customer_id)


@router.get("/v1/segments/{segment_id}/members/{customer_id}/explain")
async def explain_membership(segment_id: UUID, customer_id: UUID, work: CustomersRead) -> Explanation:
    """Why a customer is in or out, condition by condition, with what was looked at."""
    segment = await segments.find(work, segment_id)
    return await explaining.explain(work, segment, await customers.find(work, customer_id))


@router.get("/v1/customers/{customer_id}/segments")
async def list_memberships(customer_id: UUID, work: CustomersRead, page: PageQuery) -> Page[MembershipOut]:
    """The segments that a customer belongs to, by name."""
    customer = await customers.find(work, customer_id)
    keys = (Segment.name_key.asc(), Segment.id.asc())
    found = await paginate(work.session, reading.memberships_of(work, customer.id), page, keys=keys)
    return found.map(lambda row: reading.as_model(MembershipOut, row))


def out(segment: Segment) -> SegmentOut:
    names = SegmentOut.model_fields.keys() - {"is_persona", "progress"}
    fields = {name: getattr(segment, name) for name in names}
    progress = Progress(done=segment.built, of=segment.to_build)
    return SegmentOut.model_validate({**fields, "is_persona": segment.persona is not None, "progress": progress})

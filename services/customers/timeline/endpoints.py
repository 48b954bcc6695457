"""`/v1/customers/{id}/timeline`: everything that happened with one customer."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead
from services.customers.timeline import service as timeline
from services.customers.timeline.models import TimelineRow
from services.customers.timeline.schemas import EntryKind, TimelineEntry
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/customers", tags=["customers"])

Kinds = Annotated[list[EntryKind], Query(alias="kind", description="Only these kinds; all if none is named.")]


@router.get("/{customer_id}/timeline")
async def read_timeline(
    customer_id: UUID,
    work: CustomersRead,
    page: PageQuery,
    kinds: Kinds = [],  # noqa: B006
) -> Page[TimelineEntry]:
    """Newest first, by when it happened. `id` of an entry is the id of its event."""
    customer = await customers.find(work, customer_id)
    keys = (TimelineRow.at.desc(), TimelineRow.event_id.desc())
    found = await paginate(work.session, timeline.entries_of(work, customer.id, kinds), page, keys=keys)
    return found.map(timeline.as_entry)

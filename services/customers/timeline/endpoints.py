"""`/v1/customers/{id}/timeline`: everything that happened with one customer."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead
from services.customers.timeline import service as timeline
from services.customers.timeline.history import Wanted, page_of
from services.customers.timeline.schemas import EntryKind, TimelineEntry
from shared.db.pagination import Page, PageQuery
from shared.http.routing import APIRouter
from shared.http.schemas import Moment

router = APIRouter(prefix="/v1/customers", tags=["customers"])

Kinds = Annotated[list[EntryKind], Query(alias="kind", description="Only these kinds; all if none is named.")]


@router.get("/{customer_id}/timeline")
async def read_timeline(
    customer_id: UUID,
    work: CustomersRead,
    page: PageQuery,
    kinds: Kinds = [],  # noqa: B006
    channel: Annotated[str | None, Query(max_length=40, description="Only what came or went this way.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Happened at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Happened before this moment.")] = None,
) -> Page[TimelineEntry]:
    """Newest first, by when it happened. What happened under merged records is in it."""
    customer = await customers.find(work, customer_id)
    wanted = Wanted(kinds, channel, since, until)
    return (await page_of(work, customer.id, page, wanted)).map(timeline.as_entry)

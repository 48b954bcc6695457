"""`/v1/activities`: what customers did."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import select

from services.customers.activities import bulk
from services.customers.activities import service as activities
from services.customers.activities.models import Activity
from services.customers.activities.schemas import (
    ActivityAccepted,
    ActivityOut,
    ActivityTotals,
    BulkOutcome,
    NewActivity,
    SourceId,
    Word,
    money_of,
)
from services.customers.activities.totals import totals_of
from services.customers.db import MERGED_CUSTOMERS
from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead, CustomersWrite
from shared.contracts.activities import ActivityKind
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.http.schemas import Moment

router = APIRouter(prefix="/v1/activities", tags=["activities"])
of_customer = APIRouter(prefix="/v1/customers", tags=["activities"])


@router.post("", status_code=201, responses={200: {"model": ActivityAccepted, "description": "Was here."}})
async def record_activity(body: NewActivity, work: CustomersWrite, response: Response) -> ActivityAccepted:
    """Record one activity, or correct it by a higher `version`.

    Who is named by an unknown `external_id`, `email` or `phone` becomes a customer.
    """
    outcome = await activities.record(work, body)
    assert outcome.activity_id is not None
    assert outcome.customer_id is not None
    if outcome.status != "created":
        response.status_code = 200
    return ActivityAccepted(
        id=outcome.activity_id,
        customer_id=outcome.customer_id,
        source=body.source,
        source_id=body.source_id or str(outcome.activity_id),
        duplicate=outcome.status == "duplicate",
        corrected=outcome.status == "corrected",
    )


@router.post("/bulk", openapi_extra=bulk.OPENAPI, responses={200: {"model": BulkOutcome}})
async def record_activities(request: Request) -> Response:
    """Up to 1,000 as JSON, or a file of any length: NDJSON (one a line) or CSV (columns such as `customer.email`).

    Good ones are kept if others fail. Sending the same again is safe: what is here already is a duplicate.
    """
    return await bulk.record(request)


@router.get("")
async def list_activities(
    work: CustomersRead,
    page: PageQuery,
    customer_id: Annotated[UUID | None, Query()] = None,
    kind: Annotated[ActivityKind | None, Query()] = None,
    name: Annotated[Word | None, Query(description="Only custom activities of this name.")] = None,
    touchpoint: Annotated[Word | None, Query()] = None,
    source: Annotated[Word | None, Query()] = None,
    source_id: Annotated[SourceId | None, Query()] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Happened at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Happened before this moment.")] = None,
) -> Page[ActivityOut]:
    """By when they happened, the latest first. The id of a record that was merged leads to what the kept one did."""
    if customer_id is not None:
        customer_id = (await MERGED_CUSTOMERS.present_ids(work, [customer_id]))[customer_id]
    wanted = {
        Activity.customer_id: customer_id,
        Activity.kind: kind,
        Activity.name: name,
        Activity.touchpoint: touchpoint,
        Activity.source: source,
        Activity.source_id: source_id,
    }
    statement = select(Activity).where(Activity.account_id == work.account_id)
    statement = statement.where(*(column == value for column, value in wanted.items() if value is not None))
    if since is not None:
        statement = statement.where(Activity.occurred_at >= since)
    if until is not None:
        statement = statement.where(Activity.occurred_at < until)
    keys = (Activity.occurred_at.desc(), Activity.id.desc())
    return (await paginate(work.session, statement, page, keys=keys)).map(_out)


@router.get("/{activity_id}")
async def read_activity(activity_id: UUID, work: CustomersRead, response: Response) -> ActivityOut:
    """One activity, with the `ETag` that a deletion may carry as `If-Match`."""
    activity = await activities.find(work, activity_id)
    set_etag(response, activity.version)
    return _out(activity)


@router.delete("/{activity_id}", status_code=204)
async def delete_activity(activity_id: UUID, work: CustomersWrite, expected: IfMatch) -> None:
    """It never happened: it counts no more, and an import that still has it does not bring it back."""
    await activities.remove(work, activity_id, expected)


@of_customer.get("/{customer_id}/activity-totals")
async def read_totals(customer_id: UUID, work: CustomersRead) -> ActivityTotals:
    """How much of what the customer has done, since when, and their lifetime value in each currency."""
    customer = await customers.find(work, customer_id)
    return await totals_of(work, customer.id)


def _out(activity: Activity) -> ActivityOut:
    own = {"amount", "origin_customer_id"}
    return ActivityOut(
        **{name: getattr(activity, name) for name in ActivityOut.model_fields if name not in own},
        amount=money_of(activity.amount, activity.currency),
        origin_customer_id=activity.origin_customer_id or activity.customer_id,
    )

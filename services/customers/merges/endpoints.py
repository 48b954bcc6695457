"""`/v1/customers/{id}/merge` and its way back, and `/v1/customers/merge-suggestions`."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from sqlalchemy import or_, select

from services.customers.merges import merging, suggestions
from services.customers.merges.schemas import (
    Decision,
    MergeOut,
    NewMerge,
    SuggestionOut,
    SuggestionState,
    Unmerge,
)
from services.customers.records import service as customers
from services.customers.records.auth import CustomersRead, CustomersWrite
from services.customers.records.models import Merge, MergeSuggestion
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/customers", tags=["merges"])


@router.get("/merge-suggestions")
async def list_suggestions(
    work: CustomersRead,
    page: PageQuery,
    state: Annotated[SuggestionState, Query()] = "open",
    customer_id: Annotated[UUID | None, Query(description="Only those about this customer.")] = None,
) -> Page[SuggestionOut]:
    """Records that may be one person, the most probable first. Nothing is merged until somebody accepts."""
    keys = (MergeSuggestion.score.desc(), MergeSuggestion.id.desc())
    statement = await suggestions.suggestions(work, state=state, customer_id=customer_id)
    return (await paginate(work.session, statement, page, keys=keys)).map(_suggestion)


@router.post("/merge-suggestions/{suggestion_id}/decide")
async def decide_on_suggestion(suggestion_id: UUID, body: Decision, work: CustomersWrite) -> SuggestionOut:
    """Merge the two, as `POST /v1/customers/{customer_id}/merge` does, or say that they are two. It is asked once."""
    return _suggestion(await suggestions.decide(work, suggestion_id, accepted=body.merge, keep=body.keep))


@router.post("/{customer_id}/merge", status_code=201)
async def merge_customers(customer_id: UUID, body: NewMerge, work: CustomersWrite) -> MergeOut:
    """Two records are one person. The kept one takes over what it did not know, and everything that happened.

    Both ids lead to the kept record from now on. What comes under the other's identities is remembered as theirs, so
    that replies go where they are expected and the merge can be taken back.
    """
    made = await merging.merge(work, customer_id, body.customer_id, keep=body.keep, reason=body.reason)
    return _merge(made)


@router.post("/{customer_id}/unmerge")
async def unmerge_customer(customer_id: UUID, body: Unmerge, work: CustomersWrite) -> MergeOut:
    """Take a merge back. The record has its fields again, and all that came under its identities, even since."""
    return _merge(await merging.unmerge(work, customer_id, body.customer_id))


@router.get("/{customer_id}/merges")
async def list_merges(customer_id: UUID, work: CustomersRead, page: PageQuery) -> Page[MergeOut]:
    """What was merged into the customer, or was and has been given back; the latest first."""
    customer = await customers.find(work, customer_id)
    theirs = [customer.id, *(each.id for each in await merging.former(work, customer))]
    statement = select(Merge).where(
        Merge.account_id == work.account_id,
        or_(Merge.customer_id.in_(theirs), Merge.merged_customer_id.in_(theirs)),
    )
    return (await paginate(work.session, statement, page, keys=(Merge.id.desc(),))).map(_merge)


def _merge(row: Merge) -> MergeOut:
    fields = {name: getattr(row, name) for name in MergeOut.model_fields if name != "taken"}
    return MergeOut(**fields, taken=sorted(row.taken))


def _suggestion(row: MergeSuggestion) -> SuggestionOut:
    fields = {name: getattr(row, name) for name in SuggestionOut.model_fields if name != "customer_ids"}
    return SuggestionOut(**fields, customer_ids=[row.first_id, row.second_id])

"""`POST /v1/customers/actions`: one action on many customers, named or found."""

from typing import Any

from services.customers.actions import service as actions
from services.customers.actions.schemas import ActionOutcome, Filter, NewAction
from services.customers.records import service as customers
from services.customers.records.auth import CustomersWrite
from services.customers.records.models import Customer
from shared.db.pagination import Page, PageQuery, PageRequest, paginate
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/customers", tags=["customers"])


@router.post("/actions")
async def act_on_customers(body: NewAction, work: CustomersWrite, page: PageQuery) -> ActionOutcome:
    """Change or delete many customers at once. Those that fail are named and hinder no others.

    A filter finds them over all pages of the list, the newest first, up to `limit` in one call: repeat it with `cursor`
    for the rest.
    """
    next_cursor = None
    if body.filter is not None:
        found = await _found(work, body.filter, page)
        ids, next_cursor = [customer.id for customer in found.data], found.next_cursor
    else:
        ids = list(dict.fromkeys(body.customer_ids or ()))
    data = await (actions.change_all(work, ids, body.set) if body.set else actions.delete_all(work, ids))
    statuses = [item.status for item in data]
    counts = {status: statuses.count(status) for status in ("changed", "unchanged", "deleted", "failed")}
    return ActionOutcome(**counts, data=data, next_cursor=next_cursor)


async def _found(work: Work, wanted: Filter, page: PageRequest) -> Page[Any]:
    statement = customers.known_customers(work, identities={}, search=wanted.search, company_id=wanted.company_id)
    return await paginate(work.session, statement, page, keys=(Customer.id.desc(),))

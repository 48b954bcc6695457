"""`/v1/rfm`: customers by how lately, how often and for how much they bought."""

from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query
from sqlalchemy import func, select

from services.metrics.cohorts.queries import watermark
from services.metrics.cohorts.service import ENOUGH, share_of
from services.metrics.lifetime.reading import currencies
from services.metrics.rfm import queries
from services.metrics.rfm.groups import GROUPS, GroupName
from services.metrics.rfm.schemas import RFMAnswer, RFMCustomer, RFMGroup
from services.metrics.scores.auth import MetricsRead
from services.metrics.scores.schemas import ExcludedCustomers
from services.metrics.worth.window import WindowQuery
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter
from shared.http.schemas import Money
from shared.work import Work

router = APIRouter(prefix="/v1/rfm", tags=["worth"])

FORMULA = (
    "fifths of the customers who bought in the window, by their last purchase, how many there were, and what they paid "
    "less refunds; equals share the middle of their ranks. Groups go by the first two"
)
VERSION = 1


Currency = Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="The only one if left out.")]


@router.get("")
async def read_rfm(work: MetricsRead, window: WindowQuery, currency: Currency = None) -> RFMAnswer:
    """How many customers are in each group, and what they paid."""
    currency = await _settled(work, currency)
    customers = queries.scored(work, window, currency)
    sums = select(customers.c.group, func.count(), func.sum(customers.c.money)).group_by(customers.c.group)
    found = {group: (n, money) for group, n, money in await work.session.execute(sums)}
    n = sum(count for count, _ in found.values())
    left_out = await queries.excluded(work, window, currency)
    query = {"from": window.start.isoformat(), "to": window.end.isoformat()} | (
        {"currency": currency} if currency else {}
    )
    return RFMAnswer(
        from_=window.start,
        to=window.end,
        currency=currency,
        formula=FORMULA,
        formula_version=VERSION,
        time_zone=window.calendar.time_zone,
        watermark=await watermark(work),
        n=n,
        insufficient=n < ENOUGH,
        excluded=ExcludedCustomers(restricted=left_out.get("restricted", 0), no_consent=left_out.get("no_consent", 0)),
        groups=[_group(name, *found.get(name, (0, Decimal(0))), n, currency) for name in GROUPS],
        rows=f"/v1/rfm/customers?{urlencode(query)}",
    )


@router.get("/customers")
async def list_rfm(
    work: MetricsRead,
    page: PageQuery,
    window: WindowQuery,
    currency: Currency = None,
    group: Annotated[GroupName | None, Query(description="Only those of this group.")] = None,
) -> Page[RFMCustomer]:
    """Each with their scores, those who bought last first."""
    currency = await _settled(work, currency)
    customers = queries.scored(work, window, currency)
    statement = select(customers)
    if group is not None:
        statement = statement.where(customers.c.group == group)
    keys = (customers.c.last_at.desc(), customers.c.customer_id.desc())
    found = await paginate(work.session, statement, page, keys=keys)
    return found.map(partial(_customer, customers.c.keys(), currency))


async def _settled(work: Work, currency: str | None) -> str | None:
    """Raises `Unacceptable` where money of several currencies would be added up."""
    known = await currencies(work)
    if currency is None and len(known) > 1:
        detail = f"Money of {', '.join(known)} cannot be added up: choose one."
        raise Unacceptable.field("query:currency", "mixed_currencies", detail)
    return currency or next(iter(known), None)


def _group(name: GroupName, count: int, money: Decimal, n: int, currency: str | None) -> RFMGroup:
    share: dict[str, Any] = share_of(count, n) if n else {"share": None, "interval": None}
    return RFMGroup(group=name, n=count, money=_money(money, currency), **share)


def _customer(names: list[str], currency: str | None, row: Any) -> RFMCustomer:
    values = dict(zip(names, row, strict=True))
    return RFMCustomer.model_construct(None, **values | {"money": _money(values["money"], currency)})


def _money(amount: Decimal, currency: str | None) -> Money | None:
    if currency is None:
        return None
    return Money.model_construct(amount=amount.quantize(Decimal("0.01"), ROUND_HALF_UP), currency=currency)

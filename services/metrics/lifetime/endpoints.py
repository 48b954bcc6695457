"""`/v1/lifetime-value`: what customers are likely to bring within a year."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Query

from services.metrics.lifetime import service as lifetime
from services.metrics.lifetime.models import LifetimeModel, LifetimeValue
from services.metrics.lifetime.schemas import CustomerValue, FitRequest, LifetimeValueAnswer, Summary
from services.metrics.satisfaction import service as satisfaction
from services.metrics.satisfaction.schemas import SatisfactionAnswer
from services.metrics.scores.auth import MetricsRead
from services.metrics.worth.auth import MetricsWrite
from services.metrics.worth.policy import policy_of
from services.metrics.worth.schemas import WorthPolicy
from services.metrics.worth.window import LongWindowQuery
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.routing import APIRouter
from shared.http.schemas import Money
from shared.work import Work

router = APIRouter(prefix="/v1/lifetime-value", tags=["worth"])

FORMULA = (
    "BG/NBD (Fader, Hardie, Lee 2005): how often each will buy; times Gamma-Gamma (Fader, Hardie 2013): what each "
    "purchase will bring; times the margin. Purchases of one day are one; refunds are not taken off"
)
VERSION = 1
WEEKS = 52
# From here on it is no longer nothing that who pays more buys more often.
MUCH = 0.3

One = Annotated[UUID | None, Query(description="Only this customer.")]


@router.get("")
async def read_lifetime_value(work: MetricsRead) -> LifetimeValueAnswer:
    """What all customers together are likely to bring, how the model was found, and how well it foretold the past."""
    return await _answer(work, await lifetime.find(work))


@router.post("/fits", status_code=202)
async def request_fit(body: FitRequest, work: MetricsWrite) -> LifetimeValueAnswer:
    """Have it fitted to what customers did so far, and every week from now on."""
    return await _answer(work, await lifetime.request(work, body.currency))


@router.get("/customers")
async def list_lifetime_values(work: MetricsRead, page: PageQuery, customer: One = None) -> Page[CustomerValue]:
    """What each is likely to bring, the most first."""
    model, policy = await lifetime.find(work), await policy_of(work)
    statement = lifetime.listed(work)
    if customer is not None:
        statement = statement.where(LifetimeValue.person_id == customer)
    keys = (LifetimeValue.revenue.desc(), LifetimeValue.person_id.desc())
    found = await paginate(work.session, statement, page, keys=keys)
    summary = lifetime.summary_of(model)
    currency = summary.currency if summary is not None else ""
    return found.map(lambda value: _shown(value, policy, currency))


@router.get("/by-satisfaction")
async def read_value_by_satisfaction(
    work: MetricsRead,
    window: LongWindowQuery,
    days: Annotated[int, Query(ge=7, le=730, description="How long customers are followed, and looked back on.")] = 180,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$")] = None,
) -> SatisfactionAnswer:
    """Whether satisfied customers stay longer and pay more, by NPS group. It shows no cause; see `warning`."""
    return await satisfaction.answer(work, window, days, currency)


async def _answer(work: Work, model: LifetimeModel | None) -> LifetimeValueAnswer:
    policy = await policy_of(work)
    n, purchases, revenue = await lifetime.totals(work)
    summary = lifetime.summary_of(model)
    return LifetimeValueAnswer(
        state=model.state if model else None,
        note=model.note if model else None,
        version=model.version if model else 0,
        formula=FORMULA,
        formula_version=VERSION,
        currency=model.currency if model else None,
        requested_at=model.requested_at if model else None,
        fitted_at=model.fitted_at if model else None,
        until=model.until if model else None,
        horizon_weeks=WEEKS,
        n=n,
        expected_purchases=_rounded(purchases) if summary else None,
        expected_value=_money(revenue, policy, summary.currency) if summary else None,
        model=summary,
        warnings=_warnings(summary) if summary else [],
        assumptions=[
            "Customers buy at a rate of their own until they leave without a word, and do not change otherwise.",
            "What somebody pays has nothing to do with how often they buy.",
            f"Of a sale {policy.gross_margin_percent:f} % is left.",
        ],
        rows="/v1/lifetime-value/customers",
    )


def _warnings(summary: Summary) -> list[str]:
    said = []
    test, correlation = summary.backtest, summary.spending.correlation
    if test is None:
        said.append("It could not be tested on the past: the first half of the time alone gives no parameters.")
    elif test.mean_error >= test.mean_error_naive:
        said.append("It foretold the second half of the time no better than everybody's rate until then would.")
    if test is not None and test.actual and not 0.8 <= test.expected / test.actual <= 1.25:
        said.append(f"Of the second half's {test.actual:.0f} purchases it foretold {test.expected:.0f}.")
    if correlation is not None and abs(correlation) >= MUCH:
        said.append(f"Who buys more often pays otherwise (correlation {correlation:.2f}); the model does not see that.")
    return said


def _shown(value: LifetimeValue, policy: WorthPolicy, currency: str) -> CustomerValue:
    return CustomerValue.model_construct(
        customer_id=value.person_id,
        repeats=value.repeats,
        last_day=value.last_day,
        alive=value.alive.quantize(Decimal("0.0001")),
        expected_purchases=_rounded(value.purchases),
        expected_spending=_rounded(value.spending),
        expected_value=_money(value.revenue, policy, currency),
    )


def _money(revenue: Decimal, policy: WorthPolicy, currency: str) -> Money:
    return Money.model_construct(amount=_rounded(revenue * policy.gross_margin_percent / 100), currency=currency)


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)

"""Asking for lifetime values, fitting them, and what they come to."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Select, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from services.metrics.db import Base
from services.metrics.lifetime.lessons import Learned, Tested
from services.metrics.lifetime.models import LifetimeModel, LifetimeValue, ModelState
from services.metrics.lifetime.reading import Seen, currencies, seen
from services.metrics.lifetime.schemas import Summary
from services.metrics.people.models import Person
from services.metrics.worth.policy import policy_of
from services.metrics.worth.schemas import WorthPolicy
from shared.apart import Failed, run_apart
from shared.bus.subscriptions import Timer
from shared.dispatch.dispatcher import Dispatcher
from shared.dispatch.queue import Claim, enqueue, finish, open_claim
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.service import Runtime
from shared.work import Work

QUEUE: Final = "lifetime"
TIMER: Final = "lifetime.refit"
_MODULE: Final = "services.metrics.lifetime.fitting"
_SECONDS: Final = 600.0
_MEGABYTES: Final = 3_072
_MOST_ATTEMPTS: Final = 3
# With less the four parameters are anything: our choice, on the careful side of what the authors fit.
LEAST_CUSTOMERS: Final = 300
LEAST_REPEATS: Final = 100
LEAST_WEEKS: Final = 26
# Once somebody has asked, values follow what customers do.
BETWEEN: Final = timedelta(days=7)
_ALIASES: Final = Base.metadata.tables["metrics.aliases"]


async def request(work: Work, currency: str | None) -> LifetimeModel:
    """Have the model fitted, now and from now on. Raises `Unacceptable` if nobody can tell in which currency."""
    known = await currencies(work)
    if currency is None:
        if len(known) != 1:
            detail = f"Say in which currency; there are purchases in {', '.join(known) or 'none yet'}."
            raise Unacceptable.field("/currency", "required", detail)
        currency = known[0]
    fit_id = new_id()
    asked = {"fit_id": fit_id, "state": ModelState.WAITING, "note": None, "currency": currency}
    asked |= {"requested_at": work.now}
    statement = upsert(LifetimeModel).values(account_id=work.account_id, version=0, **asked)
    await work.session.execute(statement.on_conflict_do_update(index_elements=["account_id"], set_=asked))
    await enqueue(work, QUEUE, [(fit_id, work.account_id)])
    model = await find(work)
    assert model is not None
    return model


async def find(work: Work) -> LifetimeModel | None:
    found: LifetimeModel | None = await work.session.scalar(
        select(LifetimeModel)
        .where(LifetimeModel.account_id == work.account_id)
        .execution_options(populate_existing=True)
    )
    return found


def summary_of(model: LifetimeModel | None) -> Summary | None:
    """What the last fit that came to something said."""
    return Summary.model_validate(model.document) if model is not None and model.document else None


async def refit(work: Work, timer: Timer) -> None:
    """The timer's handler."""
    model = await find(work)
    if model is not None and model.state is not ModelState.WAITING:
        await request(work, model.currency)


async def fit(runtime: Runtime, claim: Claim) -> None:
    """One attempt; the claim is named after the fit. What is slow happens between two transactions."""
    async with open_claim(runtime, claim) as work:
        model = await find(work)
        if model is None or model.fit_id != claim.id:
            await finish(work, claim)
            return
        policy, found = await policy_of(work), await seen(work, model.currency)
    refusal = "it ended without a result, several times" if claim.attempts > _MOST_ATTEMPTS else _refusal(policy, found)
    state, learned = ModelState.REFUSED, None
    if refusal is None:
        try:
            given = found.lesson.model_dump_json().encode()
            output = await run_apart(_MODULE, given, seconds=_SECONDS, megabytes=_MEGABYTES)
            learned = Tested.model_validate_json(output).learned
            refusal = None if learned else "What customers do does not look like this model: no parameters were found."
        except Failed as problem:
            state, refusal = ModelState.FAILED, str(problem)
    async with open_claim(runtime, claim) as work:
        model = await find(work)
        if not await finish(work, claim) or model is None or model.fit_id != claim.id:
            return
        model.state, model.note = (ModelState.READY, None) if learned else (state, refusal)
        if learned is not None:
            await _keep(work, model, found, learned)
        due_at = work.now + BETWEEN
        await work.schedule(TIMER, key=str(work.account_id), due_at=due_at, payload={})


def _refusal(policy: WorthPolicy, found: Seen) -> str | None:
    """Why nothing is foretold from this, or None."""
    if policy.leaves_by == "cancellation":
        return "This model is for customers who leave without a word. Yours tell: ask the metric `cltv`."
    counts = (
        (len(found.customers), LEAST_CUSTOMERS, "customers"),
        (found.repeats, LEAST_REPEATS, "customers who bought again"),
        (int(found.weeks), LEAST_WEEKS, "weeks since the first purchase"),
        (sum(one.x > 0 for one in found.lesson.before.purchases), LEAST_REPEATS // 2, "who did so in the first half"),
        (sum(bool(one.mean) and one.x > 0 for one in found.lesson.now.purchases), LEAST_REPEATS, "with a price"),
    )
    lacking = [f"{count} {what}, at least {least}" for count, least, what in counts if count < least]
    return f"Too little to go by: {'; '.join(lacking)}." if lacking else None


async def _keep(work: Work, model: LifetimeModel, found: Seen, learned: Learned) -> None:
    model.version += 1
    model.fitted_at, model.until = work.now, found.until
    summary = Summary(
        currency=model.currency, purchases=learned.purchases, spending=learned.spending, backtest=learned.backtest
    )
    model.document = summary.model_dump(mode="json")
    await work.session.execute(delete(LifetimeValue).where(LifetimeValue.account_id == work.account_id))
    rows = [
        {
            "account_id": work.account_id,
            "person_id": customer_id,
            "repeats": buyer.x,
            "last_day": last_day,
            "alive": _exact(one.alive, 8),
            "purchases": _exact(one.purchases, 6),
            "spending": _exact(one.spending, 4),
            "revenue": _exact(one.purchases * one.spending, 4),
        }
        for (customer_id, last_day), buyer, one in zip(
            found.customers, found.lesson.now.purchases, learned.customers, strict=True
        )
    ]
    for start in range(0, len(rows), 5_000):
        await work.session.execute(insert(LifetimeValue), rows[start : start + 5_000])


def listed(work: Work) -> Select[Any]:
    """Those who are customers of their own today, and may be computed on."""
    mine = (Person.account_id == work.account_id, Person.person_id == LifetimeValue.person_id)
    merged = select(_ALIASES.c.id).where(
        _ALIASES.c.account_id == work.account_id,
        _ALIASES.c.id == LifetimeValue.person_id,
        _ALIASES.c.stands_for.is_not(None),
    )
    excluded = select(Person.person_id).where(*mine, Person.exclusion.is_not(None))
    return select(LifetimeValue).where(
        LifetimeValue.account_id == work.account_id, ~merged.exists(), ~excluded.exists()
    )


async def totals(work: Work) -> tuple[int, Decimal, Decimal]:
    """How many, and how many purchases and how much revenue is to be expected of them."""
    values = listed(work).subquery()
    sums = select(
        func.count(), func.coalesce(func.sum(values.c.purchases), 0), func.coalesce(func.sum(values.c.revenue), 0)
    )
    count, purchases, revenue = (await work.session.execute(sums.select_from(values))).one()
    return count, Decimal(purchases), Decimal(revenue)


def _exact(value: float, places: int) -> Decimal:
    return Decimal(value).quantize(Decimal(1).scaleb(-places))


FITTING: Final = Dispatcher(QUEUE, fit, at_once=1, per_lane=1)

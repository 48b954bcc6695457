"""From what customers did after their answer to what is said of it, and what is not."""

from fractions import Fraction
from typing import Final

from services.metrics.cohorts.queries import watermark
from services.metrics.comparisons import significance
from services.metrics.comparisons.significance import Change
from services.metrics.lifetime import service as lifetime
from services.metrics.lifetime.reading import currencies
from services.metrics.satisfaction import schemas as s
from services.metrics.satisfaction.reading import GROUPS, Linked, linked
from services.metrics.scores.formulas import Bands, share_of_positive
from services.metrics.scores.schemas import ConfidenceInterval, SignificanceOut
from services.metrics.worth.formulas import Figure, Sums, scaled
from services.metrics.worth.policy import policy_of
from services.metrics.worth.window import Window
from shared.http.errors import Unacceptable
from shared.statistics import LEVEL, difference_bounds, shown
from shared.work import Work

ENOUGH: Final = 30
VERSION: Final = 1
FORMULA: Final = (
    "by the group of each customer's last NPS answer in the window: share that is a customer `days` later; mean of "
    "what they paid in as many days before and after"
)
WARNING: Final = (
    "This shows what goes together, not what causes it. Who is satisfied may have been the better customer before: "
    "look at `before`. Only an experiment shows what a change of satisfaction is worth."
)


async def answer(work: Work, window: Window, days: int, currency: str | None) -> s.SatisfactionAnswer:
    """Raises `Unacceptable` where money of several currencies would be added up."""
    known = await currencies(work)
    if currency is None and len(known) > 1:
        detail = f"Money of {', '.join(known)} cannot be added up: choose one."
        raise Unacceptable.field("query:currency", "mixed_currencies", detail)
    currency = currency or next(iter(known), None)
    policy = await policy_of(work)
    summary = lifetime.summary_of(await lifetime.find(work))
    is_worth = summary is not None and summary.currency == currency
    found = await linked(work, policy, window, days, currency, is_worth=is_worth)
    margin = Fraction(policy.gross_margin_percent) / 100
    high, low = found["promoter"], found["detractor"]
    stays = significance.of_shares(Bands(high.left, 0, high.stayed), Bands(low.left, 0, low.stayed))
    return s.SatisfactionAnswer(
        from_=window.start,
        to=window.end,
        days=days,
        currency=currency,
        formula=FORMULA,
        formula_version=VERSION,
        time_zone=window.calendar.time_zone,
        watermark=await watermark(work),
        n=sum(each.stayed + each.left for each in found.values()),
        groups=[_group(name, found[name], margin) for name in GROUPS],
        retention=_contrast(stays),
        before=_contrast(_difference(high.before, low.before)),
        after=_contrast(_difference(high.after, low.after)),
        warning=WARNING,
        assumptions=[
            f"Answers of the last {days} days are left out: their time is not over.",
            f"A lifetime value is of the model of /v1/lifetime-value, with {policy.gross_margin_percent:f} % margin.",
        ],
    )


def _group(name: str, found: Linked, margin: Fraction) -> s.SatisfactionGroup:
    n = found.stayed + found.left
    share = share_of_positive(Bands(found.left, 0, found.stayed))
    stays = None if share is None else Figure(share.value, (share.low, share.high))
    worth = found.worth.mean()
    return s.SatisfactionGroup.model_validate(
        {
            "group": name,
            "n": n,
            "strangers": found.strangers,
            "insufficient": n < ENOUGH,
            "retention": _average(n, stays),
            "before": _average(n, found.before.mean()),
            "after": _average(n, found.after.mean()),
            "lifetime_value": _average(found.worth.n, None if worth is None else scaled(worth, margin)),
        }
    )


def _average(n: int, figure: Figure | None) -> s.Average:
    if figure is None:
        return s.Average(value=None, n=n, interval=None)
    return s.Average(value=shown(figure.value), n=n, interval=_interval(figure.bounds))


def _difference(first: Sums, second: Sums) -> Change | None:
    """By the bounds of both means, which need not vary alike."""
    here, there = first.mean(), second.mean()
    if here is None or there is None:
        return None
    bounds = None
    if here.bounds is not None and there.bounds is not None:
        (low_1, high_1), (low_2, high_2) = there.bounds, here.bounds
        bounds = difference_bounds((low_1, float(there.value), high_1), (low_2, float(here.value), high_2))
    return Change(here.value - there.value, bounds, None)


def _contrast(change: Change | None) -> s.Contrast:
    if change is None:
        return s.Contrast(value=None, interval=None, test=None, significant=None)
    test, significant = None, None
    if change.bounds is not None:
        significant = not change.bounds[0] <= 0 <= change.bounds[1]
    if change.test is not None:
        statistic = change.test.statistic
        test = SignificanceOut(
            method=change.test.method,
            statistic=None if statistic is None else float(f"{statistic:.4f}"),
            p_value=float(f"{change.test.p_value:.3g}"),
        )
        significant = change.test.p_value < 1 - LEVEL
    interval = _interval(change.bounds)
    return s.Contrast(value=shown(change.value), interval=interval, test=test, significant=significant)


def _interval(bounds: tuple[float, float] | None) -> ConfidenceInterval | None:
    return None if bounds is None else ConfidenceInterval(low=shown(bounds[0]), high=shown(bounds[1]), level=LEVEL)

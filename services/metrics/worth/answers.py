"""From what customers did to what an answer says of their worth and their staying."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import partial
from typing import Any, Final

from services.metrics.cohorts.queries import watermark
from services.metrics.comparisons import significance
from services.metrics.comparisons.significance import Change
from services.metrics.scores import schemas as s
from services.metrics.scores.counted import Counted, Group, Place
from services.metrics.scores.selection import Axis, By, Period, Selection
from services.metrics.worth import queries, spend
from services.metrics.worth.catalogue import Base, WorthMetric
from services.metrics.worth.formulas import Figure, months_between
from services.metrics.worth.measures import ENOUGH, Book, Count
from services.metrics.worth.policy import policy_of
from services.metrics.worth.schemas import WorthPolicy
from shared.http.errors import Unacceptable
from shared.http.schemas import Money
from shared.statistics import LEVEL, difference_bounds, shown
from shared.work import Work

# Each period looks at the activities anew: who is a customer at its start is not in what happens in it.
MOST_PERIODS: Final = 60


async def counted(
    work: Work, metric: WorthMetric, selection: Selection, *, axes: Sequence[Axis], period: Period
) -> Counted[Book]:
    """Raises `Unacceptable` for money in several currencies, unless one is chosen or they are told apart."""
    policy = await policy_of(work)
    periods = [] if period is Period.TOTAL else selection.periods(period)
    if len(periods) > MOST_PERIODS:
        detail = f"At most {MOST_PERIODS} periods of this metric; choose a longer interval or a shorter window."
        raise Unacceptable.field("query:interval", "too_many_periods", detail)
    found: dict[Place, Book] = {}
    for start, end in periods:
        books = await _books(work, metric, replace(selection, start=start, end=end), policy)
        found |= {(start, group): book for group, book in _grouped(books, axes).items()}
    whole = await _books(work, metric, selection, policy)
    if not periods:
        found |= {(None, group): book for group, book in _grouped(whole, axes).items()}
    if not axes:
        _require_one_currency(whole)
    total = _together(whole) if whole else _blank(policy, selection)
    blank = partial(_blank, policy, selection)
    assumptions = _assumptions(metric, policy)
    fields, change = partial(_fields, metric), partial(_change, metric)
    return Counted(found, total, blank, fields, change, lambda book: book.counted.n, await watermark(work), assumptions)


async def _books(work: Work, metric: WorthMetric, asked: Selection, policy: WorthPolicy) -> dict[str | None, Book]:
    """By currency. Who paid in none belongs to the only one, if there is but one."""
    selection = queries.so_far(work, asked)
    if selection is None:
        return {}
    counts = await queries.counts(work, selection, metric.base, metric, policy)
    others: Mapping[str | None, Count] = {}
    spent: Mapping[str, Fraction] = {}
    if metric.base is Base.BEGINNERS:
        spent = await spend.within(work, selection.start, selection.end)
    if metric.needs_customers:
        others = await queries.counts(work, selection, Base.CUSTOMERS, metric, policy)
    currencies = {each for each in (*counts, *others, *spent) if each is not None}
    months = months_between(selection.start, selection.end)
    books: dict[str | None, Book] = {}
    for currency in (*sorted(currencies), *([None] if None in counts or None in others else [])):
        owner = next(iter(currencies)) if currency is None and len(currencies) == 1 else currency
        book = books.setdefault(owner, Book(policy, months, owner))
        book.counted.merge(counts.get(currency, Count()))
        book.customers.merge(others.get(currency, Count()))
        book.spend += spent.get(currency, Fraction(0)) if currency is not None else 0
    wanted = selection.filters.get(By.CURRENCY)
    return books if wanted is None else {name: book for name, book in books.items() if name in wanted}


def _grouped(books: Mapping[str | None, Book], axes: Sequence[Axis]) -> Mapping[Group, Book]:
    """By currency, which is all they can be told apart by."""
    if axes:
        return {(currency,): book for currency, book in books.items()}
    _require_one_currency(books)
    return {(): _together(books)} if books else {}


def _require_one_currency(books: Mapping[str | None, Book]) -> None:
    currencies = sorted(each for each in books if each is not None)
    if len(currencies) > 1:
        detail = (
            f"Money of {', '.join(currencies)} cannot be added up: choose one with `filter[currency]`, or tell them "
            "apart with `by=currency`."
        )
        raise Unacceptable.field("query:filter[currency]", "mixed_currencies", detail)


def _together(books: Mapping[str | None, Book]) -> Book:
    """The only one; of several, who there is, and no value."""
    first, *more = books.values()
    if not more:
        return first
    mixed = Book(first.policy, first.months, None, is_mixed=True)
    for book in books.values():
        mixed.counted.merge(book.counted)
    return mixed


def _blank(policy: WorthPolicy, selection: Selection) -> Book:
    return Book(policy, months_between(selection.start, selection.end), None)


def _fields(metric: WorthMetric, book: Book) -> dict[str, Any]:
    """Those of `Score`."""
    measure = metric.measure(book)
    figure = None if book.is_mixed else measure.figure
    interval = None
    if figure is not None and figure.bounds is not None:
        low, high = (shown(bound) for bound in figure.bounds)
        interval = s.ConfidenceInterval.model_construct(low=low, high=high, level=LEVEL)
    bands, scale = measure.bands, measure.scale
    is_shown = measure.is_money and figure is not None and book.currency is not None
    return {
        "value": None if figure is None else shown(figure.value),
        "money": _money(figure.value, book.currency) if is_shown and figure and book.currency else None,
        "n": book.counted.n,
        "interval": interval,
        "scale": None
        if scale is None or figure is None
        else s.ScaleOut.model_construct(minimum=scale.minimum, maximum=scale.maximum),
        "bands": None
        if bands is None
        else s.BandCounts.model_construct(negative=bands.negative, neutral=0, positive=bands.positive),
        "distribution": [],
        "durations": None,
        "excluded": s.ExcludedCustomers.model_construct(
            None,
            restricted=book.counted.excluded["restricted"],
            no_consent=book.counted.excluded["no_consent"],
        ),
        "comparison": None,
        "insufficient": book.counted.n < ENOUGH or (metric.needs_customers and book.customers.n < ENOUGH),
    }


def _change(metric: WorthMetric, this: Book, other: Book) -> Change | None:
    """Of shares with a test; of everything else with the bounds of two independent figures."""
    here, there = metric.measure(this), metric.measure(other)
    if here.bands is not None and there.bands is not None:
        return significance.of_shares(here.bands, there.bands)
    if here.figure is None or there.figure is None or this.currency != other.currency:
        return None
    bounds = None
    if here.figure.bounds is not None and there.figure.bounds is not None:
        bounds = difference_bounds(_three(there.figure, there.figure.bounds), _three(here.figure, here.figure.bounds))
    return Change(here.figure.value - there.figure.value, bounds, None)


def _three(figure: Figure, bounds: tuple[float, float]) -> tuple[float, float, float]:
    return bounds[0], float(figure.value), bounds[1]


def _money(value: Fraction, currency: str) -> Money:
    exact = Decimal(value.numerator) / Decimal(value.denominator)
    return Money.model_construct(amount=exact.quantize(Decimal("0.01"), ROUND_HALF_UP), currency=currency)


def _assumptions(metric: WorthMetric, policy: WorthPolicy) -> Sequence[str]:
    """What the number rests on besides what happened, in words."""
    begins = f"A customer begins with their first {' or '.join(policy.begins_with)}."
    if policy.leaves_by == "silence":
        stays = f"They are one until {policy.silent_days} days without {' or '.join(policy.signs)}, or a cancellation."
    else:
        stays = "They are one until a cancellation is told."
    said = [begins] if metric.base is Base.BUYERS else [begins, stays]
    if metric.is_money:
        said.append(f"Of a sale {policy.gross_margin_percent:f} % is left.")
    if metric.name == "cltv_discounted":
        said.append(f"Money that comes a month later is worth {policy.discount_percent:f} % less.")
    if metric.name == "cltv_capped":
        said.append(f"Nothing is counted beyond {policy.horizon_months} months.")
    if metric.name.startswith("cltv") or metric.needs_customers:
        said.append("Customers go on paying and leaving as they did in the window.")
    return said

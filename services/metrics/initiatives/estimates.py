"""What was gained, from those it was done for and those who are like them. Exact where sums are; no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import sqrt

from services.metrics.comparisons.distributions import student_bound
from services.metrics.experiments.samples import Sample


@dataclass(frozen=True, slots=True)
class Stratum:
    """Customers who are alike."""

    treated: Sample
    compared: Sample

    @property
    def is_matched(self) -> bool:
        return self.treated.n > 0 and self.compared.n > 0


@dataclass(frozen=True, slots=True)
class Effect:
    """Of one treated customer on average; `bounds` hold the true one in 95 of 100 samples, None where the samples
    do not allow any. The values are the means of both sides, the others' as if they were spread as the treated are."""

    n: int
    against_n: int
    unmatched: int
    value: Fraction
    against_value: Fraction
    bounds: tuple[float, float] | None

    @property
    def difference(self) -> Fraction:
        return self.value - self.against_value


def stratified(strata: Iterable[Stratum]) -> Effect | None:
    """The effect on the treated by exact matching: the differences within the strata, weighted by how many treated
    customers are in each (Imbens and Rubin, "Causal Inference", 2015, chapter 9). Each side has one variance within
    strata. None if nobody has a match."""
    every = list(strata)
    matched = [each for each in every if each.is_matched]
    n, against = sum(each.treated.n for each in matched), sum(each.compared.n for each in matched)
    if not n:
        return None
    weights = [Fraction(each.treated.n, n) for each in matched]
    value = sum((each.treated.total for each in matched), Fraction(0)) / n
    other = sum(
        (weight * each.compared.total / each.compared.n for weight, each in zip(weights, matched, strict=True)),
        Fraction(0),
    )
    here = _variance([each.treated for each in matched])
    there = _variance([each.compared for each in matched])
    bounds = None
    if here is not None and there is not None and here + there > 0:
        parts = (here / n, there * sum(float(w**2) / each.compared.n for w, each in zip(weights, matched, strict=True)))
        degrees = sum(parts) ** 2 / (parts[0] ** 2 / (n - len(matched)) + parts[1] ** 2 / (against - len(matched)))
        margin = student_bound(degrees) * sqrt(sum(parts))
        bounds = (float(value - other) - margin, float(value - other) + margin)
    lonely = sum(each.treated.n + each.compared.n for each in every if not each.is_matched)
    return Effect(n, against, lonely, value, other, bounds)


def in_money(each: Fraction | float, n: int, one: Fraction) -> Decimal:
    """What so much of each of `n` customers is, if one is worth `one`; to the cent, half away from zero."""
    exact = Fraction(each) * n * one
    whole = Decimal(exact.numerator) / Decimal(exact.denominator)
    return whole.quantize(Decimal("0.01"), ROUND_HALF_UP)


def roi(gain: Decimal, cost: Decimal) -> float | None:
    """In percent; None where nothing was spent."""
    return None if not cost else round(float(100 * (gain - cost) / cost), 2)


def _variance(samples: list[Sample]) -> float | None:
    """Within the strata; None where no stratum has two."""
    degrees = sum(each.n - 1 for each in samples)
    return float(sum((each.moments.squares for each in samples), Fraction(0))) / degrees if degrees else None

"""What is known of the customers of one arm: sums, from which every estimate follows. Exact; no I/O."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from services.metrics.comparisons.significance import Change, of_means, of_net_promoters, of_shares
from services.metrics.scores.formulas import Bands, Moments
from services.metrics.scores.histograms import Scale


class Kind(StrEnum):
    """What one customer's value is: 0 or 1; -1, 0 or 1; or any number."""

    SHARE = "share"
    NET = "net"
    MEAN = "mean"

    @property
    def factor(self) -> int:
        """From the values' mean to what is shown: shares and the NPS are in points of a hundred."""
        return 1 if self is Kind.MEAN else 100


@dataclass(frozen=True, slots=True)
class Sample:
    """Sums over `n` customers: of their values, and of what the same was before they were assigned (`before`)."""

    n: int = 0
    total: Fraction = Fraction(0)
    squares: Fraction = Fraction(0)
    before: Fraction = Fraction(0)
    before_squares: Fraction = Fraction(0)
    products: Fraction = Fraction(0)

    def __add__(self, other: "Sample") -> "Sample":
        return Sample(*(getattr(self, name) + getattr(other, name) for name in Sample.__slots__))

    @property
    def mean(self) -> Fraction | None:
        return self.total / self.n if self.n else None

    @property
    def bands(self) -> Bands:
        """Of values that are -1, 0 or 1, which is what their sums give away."""
        positive, negative = int(self.squares + self.total) // 2, int(self.squares - self.total) // 2
        return Bands(negative, self.n - positive - negative, positive)

    @property
    def moments(self) -> Moments:
        return Moments(self.n, self.total / (self.n or 1), self._spread(self.squares, self.total, self.total))

    @property
    def before_spread(self) -> Fraction:
        return self._spread(self.before_squares, self.before, self.before)

    @property
    def shared_spread(self) -> Fraction:
        return self._spread(self.products, self.total, self.before)

    def _spread(self, products: Fraction, one: Fraction, other: Fraction) -> Fraction:
        """The sum of the products of differences from the means."""
        return products - one * other / (self.n or 1)


def adjusted(samples: Iterable[Sample]) -> tuple[list[Moments], float] | None:
    """Each sample's moments with what the customers' history explains taken out, and which part of the variance that
    is; None if no history varies, or too little of it is left.

    CUPED (Deng, Xu, Kohavi and Walker, "Improving the Sensitivity of Online Controlled Experiments by Utilizing
    Pre-Experiment Data", WSDM 2013): value - theta * (history - its mean over all), theta from within the arms, so that
    what the arms do to the values does not get into it.
    """
    arms = list(samples)
    n = sum(arm.n for arm in arms)
    history = sum((arm.before_spread for arm in arms), Fraction(0))
    spread = sum((arm.moments.squares for arm in arms), Fraction(0))
    if min(arm.n for arm in arms) < 2 or not history or not spread:
        return None
    shared = sum((arm.shared_spread for arm in arms), Fraction(0))
    theta, centre = shared / history, sum((arm.before for arm in arms), Fraction(0)) / n
    found = []
    for arm in arms:
        mean = (arm.total - theta * arm.before) / arm.n + theta * centre
        squares = arm.moments.squares - 2 * theta * arm.shared_spread + theta**2 * arm.before_spread
        found.append(Moments(arm.n, mean, squares))
    if not all(each.squares for each in found):
        return None
    return found, float(shared**2 / (history * spread))


def change_of(kind: Kind, this: Sample, other: Sample, scale: Scale | None) -> Change | None:
    """This minus the other, as it is shown, by the test that fits the kind. None where a side has nobody."""
    if kind is Kind.NET:
        return of_net_promoters(this.bands, other.bands)
    if kind is Kind.SHARE:
        return of_shares(this.bands, other.bands)
    return of_means(this.moments, other.moments, scale)

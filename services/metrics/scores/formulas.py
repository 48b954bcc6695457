"""Net promoter score, shares and means, each with its 95 % interval. Exact fractions until the end; no I/O."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from math import sqrt

from services.metrics.scores.histograms import PERCENT, Histogram, Scale
from shared.statistics import Z, mean_bounds, wilson

NET = Scale(-100, 100)
# Below this many answers the plain interval of the NPS promises too much.
FEW = 100
# So many are added to those, see `net_promoter_score`.
ADDED = 3


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value, the interval that holds the true one in 95 of 100 samples, and the scale both are on."""

    value: Fraction
    low: float
    high: float
    scale: Scale


@dataclass(frozen=True, slots=True)
class Bands:
    """Answers by the scheme's own reading of the score."""

    negative: int
    neutral: int
    positive: int

    @property
    def n(self) -> int:
        return self.negative + self.neutral + self.positive


@dataclass(frozen=True, slots=True)
class Moments:
    """What a mean and its error follow from. `squares`: of the differences from the mean, summed."""

    n: int
    mean: Fraction
    squares: Fraction


def split(histogram: Histogram, places: Callable[[Scale], tuple[int, int]]) -> Bands:
    """`places` says how many of a scale's lowest scores are negative, and of its highest positive."""
    negative = neutral = positive = 0
    for scale, counts in histogram.counts.items():
        low, high = places(scale)
        top = len(counts) - high
        negative += sum(counts[:low])
        neutral += sum(counts[low:top])
        positive += sum(counts[top:])
    return Bands(negative, neutral, positive)


def nps_places(scale: Scale) -> tuple[int, int]:
    """0..6 detractors, 9..10 promoters (Reichheld, "The One Number You Need to Grow", 2003)."""
    return 7, 2


def csat_places(scale: Scale) -> tuple[int, int]:
    """The best score of 2 or 3, the best two of more are satisfied (2 and 3 points as Zendesk has it, 4 as Simplesat, 5
    as everybody; 7 and 10 are our choice); as many of the lowest are dissatisfied."""
    boxes = 1 if len(scale) <= 3 else 2
    return boxes, boxes


def ces_places(scale: Scale) -> tuple[int, int]:
    """The upper half is easy: 5..7 of 7, 4..5 of 5 (Delighted, "% agree"); the lower half is hard."""
    half = len(scale) // 2
    return half, half


def index_places(scale: Scale) -> tuple[int, int]:
    """Of the tens 0..10: below 50 is bad, from 70 on is good. Our choice: indexes have no bands of their own."""
    return 5, 4


def net_promoter_score(bands: Bands) -> Estimate | None:
    """100·(promoters - detractors)/n, between -100 and 100.

    The variance of one answer, valued -1, 0 or 1, is p + d - (p - d)². With fewer than 100 answers, or if all are of
    one kind, the interval is that of the sample with 3/4 promoter, 3/4 detractor and 3/2 passives added (Rocks,
    "Interval Estimation for the Net Promoter Score", The American Statistician, 2016): plain ones are too narrow there.
    """
    n, net, told = bands.n, bands.positive - bands.negative, bands.positive + bands.negative
    if n == 0:
        return None
    # In whole numbers: a series has hundreds of these, and fractions that reduce themselves are slow.
    added = ADDED if n < FEW or n * told == net**2 else 0
    size = n + added
    squares = (size * (2 * told + added) - 2 * net**2) / (2 * size)
    value, centre, margin = 100 * net / n, 100 * (net / size), 100 * Z * sqrt(squares) / size
    # The adjustment pulls towards the middle; a reader must still find the value inside its own interval.
    low, high = min(centre - margin, value), max(centre + margin, value)
    return Estimate(Fraction(100 * net, n), max(-100.0, low), min(100.0, high), NET)


def net_moments(bands: Bands, *, added: int) -> Moments:
    """Of answers valued -1, 0 and 1; with so many `added`, a quarter of them promoters and a quarter detractors."""
    n = bands.n + added
    mean = Fraction(bands.positive - bands.negative, n)
    return Moments(n, mean, bands.positive + bands.negative + Fraction(added, 2) - n * mean**2)


def share_of_positive(bands: Bands) -> Estimate | None:
    """100·positive/n with Wilson's score interval (Wilson 1927)."""
    if bands.n == 0:
        return None
    low, high = wilson(bands.positive / bands.n, bands.n)
    return Estimate(100 * Fraction(bands.positive, bands.n), 100 * low, 100 * high, PERCENT)


def mean(moments: Moments, scale: Scale | None) -> Estimate | None:
    """The arithmetic mean on the scale that the moments are on, with the interval of `mean_bounds`."""
    if scale is None:
        return None
    low, high = mean_bounds(moments.mean, moments.squares, moments.n, scale.minimum, scale.maximum)
    return Estimate(moments.mean, low, high, scale)


def moments_of(histogram: Histogram, scale: Scale | None) -> Moments:
    """On this scale, which is that of all scores, or `PERCENT`."""
    scores = [] if scale is None else list(histogram.scores(scale))
    n = sum(count for _, count in scores)
    value = sum((score * count for score, count in scores), Fraction(0)) / (n or 1)
    return Moments(n, value, sum(((score - value) ** 2 * count for score, count in scores), Fraction(0)))


def index_moments(histogram: Histogram) -> Moments:
    """Of an index's exact values, on `PERCENT` (ACSI's formula, unweighted over the answers)."""
    n, total = histogram.n, Fraction(histogram.index_sum)
    return Moments(n, total / (n or 1), Fraction(histogram.index_squares) - total**2 / (n or 1))

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
    n = bands.negative + bands.neutral + bands.positive
    if n == 0:
        return None
    value = 100 * Fraction(bands.positive - bands.negative, n)
    plain = _net_moments(bands.positive, bands.negative, n)
    is_adjusted = n < FEW or plain[1] == 0
    centre, variance = _net_moments(bands.positive + 0.75, bands.negative + 0.75, n + 3) if is_adjusted else plain
    margin = Z * sqrt(variance / (n + 3 if is_adjusted else n))
    # The adjustment pulls towards the middle; a reader must still find the value inside its own interval.
    low, high = min(100 * (centre - margin), float(value)), max(100 * (centre + margin), float(value))
    return Estimate(value, max(-100.0, low), min(100.0, high), NET)


def share_of_positive(bands: Bands) -> Estimate | None:
    """100·positive/n with Wilson's score interval (Wilson 1927)."""
    n = bands.negative + bands.neutral + bands.positive
    if n == 0:
        return None
    low, high = wilson(bands.positive / n, n)
    return Estimate(100 * Fraction(bands.positive, n), 100 * low, 100 * high, PERCENT)


def mean(histogram: Histogram) -> Estimate | None:
    """The arithmetic mean on the common scale, with the interval of `mean_bounds`."""
    scale, n = histogram.scale(), histogram.n
    if scale is None:
        return None
    scores = list(histogram.scores())
    value = sum((score * count for score, count in scores), Fraction(0)) / n
    squares = sum(((score - value) ** 2 * count for score, count in scores), Fraction(0))
    return _mean_estimate(value, squares, n, scale)


def index_mean(histogram: Histogram) -> Estimate | None:
    """As `mean`, of an index's exact values (ACSI's formula, unweighted over the answers)."""
    n = histogram.n
    if n == 0:
        return None
    total, squares = Fraction(histogram.index_sum), Fraction(histogram.index_squares)
    return _mean_estimate(total / n, squares - total**2 / n, n, PERCENT)


def _mean_estimate(value: Fraction, squares: Fraction, n: int, scale: Scale) -> Estimate:
    """`squares`: of the differences from the mean, summed."""
    low, high = mean_bounds(value, squares, n, scale.minimum, scale.maximum)
    return Estimate(value, low, high, scale)


def _net_moments(promoters: float, detractors: float, n: float) -> tuple[float, float]:
    """Mean and variance of answers valued -1, 0 and 1."""
    net = (promoters - detractors) / n
    return net, (promoters + detractors) / n - net**2

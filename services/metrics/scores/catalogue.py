"""The metrics there are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.metrics.comparisons import significance
from services.metrics.comparisons.significance import Change
from services.metrics.episodes.catalogue import EPISODE_CATALOGUE, EpisodeMetric
from services.metrics.facts.reading import Family
from services.metrics.scores import formulas
from services.metrics.scores.formulas import Bands, Estimate, Moments
from services.metrics.scores.histograms import PERCENT, Histogram, Scale
from services.metrics.scores.selection import OF_FEEDBACK, By
from services.metrics.tickets.catalogue import TICKET_CATALOGUE, TicketMetric
from services.metrics.worth.catalogue import WORTH_CATALOGUE, WorthMetric
from shared.http.errors import NotFound


class UnknownMetric(NotFound):
    """There is no such metric; `GET /v1/metrics` lists those there are."""

    code = "unknown_metric"


class Statistic(StrEnum):
    """What is made of the answers: promoters less detractors, the share of positive ones, or the mean of the scores or
    of an index's exact values."""

    NET = "net"
    SHARE = "share"
    MEAN = "mean"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Metric:
    """`version` rises whenever the same answers would give another number."""

    name: str
    title: str
    scheme: Family
    unit: str
    formula: str
    version: int
    places: Callable[[Scale], tuple[int, int]]
    statistic: Statistic

    @property
    def dimensions(self) -> list[By]:
        return sorted(OF_FEEDBACK)

    def bands(self, histogram: Histogram) -> Bands:
        return formulas.split(histogram, self.places)

    def estimate(self, histogram: Histogram) -> Estimate | None:
        match self.statistic:
            case Statistic.NET:
                return formulas.net_promoter_score(self.bands(histogram))
            case Statistic.SHARE:
                return formulas.share_of_positive(self.bands(histogram))
        scale = self._common(histogram)
        return formulas.mean(self._moments(histogram, scale), scale)

    def change(self, this: Histogram, other: Histogram) -> Change | None:
        """Means of different scales are compared on 0..100."""
        match self.statistic:
            case Statistic.NET:
                return significance.of_net_promoters(self.bands(this), self.bands(other))
            case Statistic.SHARE:
                return significance.of_shares(self.bands(this), self.bands(other))
        scale = self._common(this, other)
        return significance.of_means(self._moments(this, scale), self._moments(other, scale), scale)

    def _common(self, *histograms: Histogram) -> Scale | None:
        together = Histogram()
        for histogram in histograms:
            together.merge(histogram)
        return PERCENT if self.statistic is Statistic.INDEX and together.n else together.scale()

    def _moments(self, histogram: Histogram, scale: Scale | None) -> Moments:
        if self.statistic is Statistic.INDEX:
            return formulas.index_moments(histogram)
        return formulas.moments_of(histogram, scale)


_SATISFIED = "the best score of a scale of 2 or 3, the best two of a longer one"
SCORES = {
    metric.name: metric
    for metric in (
        Metric(
            name="nps",
            title="Net Promoter Score",
            scheme="nps",
            unit="points from -100 to 100",
            formula="100 · (promoters - detractors) / n; promoters 9..10, detractors 0..6 on 0..10",
            version=1,
            places=formulas.nps_places,
            statistic=Statistic.NET,
        ),
        Metric(
            name="csat",
            title="Customer satisfaction",
            scheme="csat",
            unit="percent",
            formula=f"100 · satisfied / n; satisfied is {_SATISFIED}",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.SHARE,
        ),
        Metric(
            name="csat_mean",
            title="Customer satisfaction, mean score",
            scheme="csat",
            unit="points of the scale, or 0..100 where scales are mixed",
            formula="sum of scores / n",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.MEAN,
        ),
        Metric(
            name="ces",
            title="Customer effort score, mean",
            scheme="ces",
            unit="points of the scale, or 0..100 where scales are mixed; more is easier",
            formula="sum of scores / n; scales on which less is easier are turned round first",
            version=1,
            places=formulas.ces_places,
            statistic=Statistic.MEAN,
        ),
        Metric(
            name="ces_pct",
            title="Customer effort score, share of easy",
            scheme="ces",
            unit="percent",
            formula="100 · easy / n; easy is the upper half of the scale, without its middle (5..7 of 7, 4..5 of 5)",
            version=1,
            places=formulas.ces_places,
            statistic=Statistic.SHARE,
        ),
        Metric(
            name="csi",
            title="Customer satisfaction index",
            scheme="csi",
            unit="points from 0 to 100",
            formula="mean of 100 · Σ weight · (score - minimum) / (maximum - minimum) / Σ weight of each answer",
            version=1,
            places=formulas.index_places,
            statistic=Statistic.INDEX,
        ),
        Metric(
            name="rating",
            title="Rating, mean score",
            scheme="rating",
            unit="points of the scale, or 0..100 where scales are mixed",
            formula="sum of scores / n",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.MEAN,
        ),
        Metric(
            name="rating_pct",
            title="Rating, share of good ones",
            scheme="rating",
            unit="percent",
            formula=f"100 · good / n; good is {_SATISFIED}",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.SHARE,
        ),
        Metric(
            name="binary_pct",
            title="Thumbs, share of up",
            scheme="binary",
            unit="percent",
            formula="100 · up / n, over what asks for yes or no, such as a chat's rating",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.SHARE,
        ),
        Metric(
            name="review_rating",
            title="Public reviews, mean stars",
            scheme="review",
            unit="points of the scale, or 0..100 where scales are mixed",
            formula="sum of stars / n, over public reviews that are still there; never mixed with surveys",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.MEAN,
        ),
        Metric(
            name="review_rating_pct",
            title="Public reviews, share of good ones",
            scheme="review",
            unit="percent",
            formula=f"100 · good / n; good is {_SATISFIED}",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.SHARE,
        ),
        Metric(
            name="recommended_pct",
            title="Public reviews, share of recommendations",
            scheme="recommendation",
            unit="percent",
            formula="100 · recommended / n; a yes or no, never averaged with stars",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.SHARE,
        ),
        Metric(
            name="recovered_reviews_pct",
            title="Re-rated public reviews, share of raised ones",
            scheme="rerated",
            unit="percent",
            formula="100 · raised / n, over public reviews that are rated otherwise than at first",
            version=1,
            places=formulas.csat_places,
            statistic=Statistic.SHARE,
        ),
    )
}


AnyMetric = Metric | TicketMetric | WorthMetric | EpisodeMetric
CATALOGUE: Mapping[str, AnyMetric] = {**SCORES, **TICKET_CATALOGUE, **WORTH_CATALOGUE, **EPISODE_CATALOGUE}


def metric(name: str) -> AnyMetric:
    """Raises `UnknownMetric`."""
    if name not in CATALOGUE:
        raise UnknownMetric
    return CATALOGUE[name]

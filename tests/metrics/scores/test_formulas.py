"""The formulas, against published and hand-worked figures."""

import math
import random
from fractions import Fraction
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.metrics.scores import formulas
from services.metrics.scores.catalogue import SCORES
from services.metrics.scores.formulas import Bands, Estimate
from services.metrics.scores.histograms import Histogram, Scale
from shared import statistics
from shared.statistics import shown

NPS, CSAT, CES = Scale(0, 10), Scale(1, 5), Scale(1, 7)


def histogram(*parts: tuple[Scale, list[int]]) -> Histogram:
    made = Histogram()
    for scale, counts in parts:
        made.add(scale, counts)
    return made


def of(name: str, *parts: tuple[Scale, list[int]]) -> Estimate:
    estimate = SCORES[name].estimate(histogram(*parts))
    assert estimate is not None
    return estimate


def rounded(estimate: Estimate) -> tuple[float, float, float]:
    return shown(estimate.value), shown(estimate.low), shown(estimate.high)


class TestNetPromoterScore:
    def test_of_150_100_50_is_33_33_with_the_plain_interval(self) -> None:
        estimate = of("nps", (NPS, [0, 0, 0, 50, 0, 0, 0, 60, 40, 100, 50]))
        assert rounded(estimate) == (33.33, 24.90, 41.77)
        assert round((estimate.high - estimate.low) / 2 / statistics.Z, 2) == 4.30

    def test_of_7_2_1_is_60_with_the_adjusted_interval(self) -> None:
        estimate = of("nps", (NPS, [0, 0, 0, 0, 0, 0, 1, 2, 0, 3, 4]))
        assert rounded(estimate) == (60.0, 7.04, 85.27)

    def test_of_promoters_only_admits_doubt(self) -> None:
        estimate = of("nps", (NPS, [0] * 10 + [5]))
        assert rounded(estimate)[:2] == (100.0, 17.49)
        assert estimate.high <= 100
        assert of("nps", (NPS, [0] * 10 + [500])).low < 100

    def test_counts_9_and_10_as_promoters_and_0_to_6_as_detractors(self) -> None:
        for score in range(11):
            counts = [0] * 11
            counts[score] = 1
            expected = 100 if score >= 9 else -100 if score <= 6 else 0
            assert of("nps", (NPS, counts)).value == expected

    def test_of_nothing_is_nothing(self) -> None:
        assert formulas.net_promoter_score(Bands(0, 0, 0)) is None

    @given(st.integers(0, 5000), st.integers(0, 5000), st.integers(0, 5000))
    def test_stays_within_its_interval_and_the_interval_within_the_scale(self, p: int, q: int, d: int) -> None:
        estimate = formulas.net_promoter_score(Bands(d, q, p))
        if p + q + d == 0:
            assert estimate is None
        else:
            assert estimate is not None
            assert -100 <= estimate.low <= estimate.high <= 100
            if p + q + d >= formulas.FEW:
                assert estimate.low - 2 <= estimate.value <= estimate.high + 2


class TestCustomerSatisfaction:
    def test_of_the_reference_sample(self) -> None:
        counts = [15, 5, 10, 30, 40]
        assert rounded(of("csat", (CSAT, counts))) == (70.0, 60.42, 78.11)
        assert of("csat_mean", (CSAT, counts)).value == Fraction("3.75")

    @pytest.mark.parametrize(
        ("positive", "n", "expected"),
        [(8, 10, (80.0, 49.02, 94.33)), (5, 5, (100.0, 56.55, 100.0)), (0, 4, (0.0, 0.0, 48.99))],
    )
    def test_has_wilsons_interval(self, positive: int, n: int, expected: tuple[float, float, float]) -> None:
        assert rounded(of("csat", (CSAT, [n - positive, 0, 0, 0, positive]))) == expected

    @pytest.mark.parametrize(
        ("scale", "positive_from"),
        [
            (Scale(0, 1), 1),
            (Scale(1, 2), 2),
            (Scale(1, 3), 3),
            (Scale(1, 4), 3),
            (CSAT, 4),
            (CES, 6),
            (Scale(1, 10), 9),
        ],
    )
    def test_counts_the_top_of_each_scale_as_satisfied(self, scale: Scale, positive_from: int) -> None:
        for score in range(scale.minimum, scale.maximum + 1):
            counts = [0] * len(scale)
            counts[score - scale.minimum] = 1
            assert of("csat", (scale, counts)).value == (100 if score >= positive_from else 0)

    def test_keeps_the_middle_in_the_denominator(self) -> None:
        answers = histogram((CSAT, [1, 1, 2, 3, 3]))
        estimate = SCORES["csat"].estimate(answers)
        assert estimate is not None
        assert estimate.value == 60
        assert SCORES["csat"].bands(answers) == Bands(negative=2, neutral=2, positive=6)

    def test_adds_up_over_scales(self) -> None:
        assert of("csat", (CSAT, [0, 0, 1, 0, 3]), (Scale(0, 1), [4, 0])).value == Fraction(300, 8)


class TestCustomerEffort:
    def test_of_the_reference_sample(self) -> None:
        counts = [1, 0, 0, 0, 0, 1, 1]
        assert shown(of("ces", (CES, counts)).value) == 4.67
        assert shown(of("ces_pct", (CES, counts)).value) == 66.67

    @pytest.mark.parametrize(("scale", "easy_from"), [(CES, 5), (CSAT, 4)])
    def test_counts_the_upper_half_as_easy(self, scale: Scale, easy_from: int) -> None:
        for score in range(1, len(scale) + 1):
            counts = [0] * len(scale)
            counts[score - 1] = 1
            assert of("ces_pct", (scale, counts)).value == (100 if score >= easy_from else 0)


class TestMeans:
    def test_have_students_interval(self) -> None:
        # Worked by hand: 1, 6, 7 of 7: mean 4.667, s 3.215, t(2) 4.303; the upper end is cut off at 7.
        estimate = of("ces", (CES, [1, 0, 0, 0, 0, 1, 1]))
        assert rounded(estimate) == (4.67, 1.0, 7.0)
        sample = [5] * 8 + [6] * 9 + [7] * 3 + [3] * 4
        wide = of("ces", (CES, [0, 0, 4, 0, 8, 9, 3]))
        margin = 2.0687 * stdev(sample) / math.sqrt(len(sample))
        assert (wide.low, wide.high) == pytest.approx((fmean(sample) - margin, fmean(sample) + margin), abs=1e-3)

    @pytest.mark.parametrize("n", [1, 2, 50])
    def test_of_equal_scores_still_admit_doubt(self, n: int) -> None:
        estimate = of("ces", (CES, [0, 0, 0, 0, n, 0, 0]))
        assert estimate.value == 5
        assert 1 <= estimate.low < 5 < estimate.high <= 7

    def test_of_mixed_scales_are_on_a_common_one(self) -> None:
        estimate = of("ces", (CES, [0, 0, 0, 1, 0, 0, 0]), (CSAT, [0, 0, 0, 0, 1]))
        assert estimate.scale == Scale(0, 100)
        assert estimate.value == 75

    @given(st.lists(st.integers(0, 40), min_size=7, max_size=7))
    def test_stay_within_their_interval_and_the_scale(self, counts: list[int]) -> None:
        estimate = SCORES["ces"].estimate(histogram((CES, counts)))
        if not any(counts):
            assert estimate is None
        else:
            assert estimate is not None
            slack = 1e-9
            assert 1 - slack <= estimate.low <= float(estimate.value) + slack
            assert float(estimate.value) - slack <= estimate.high <= 7 + slack

    @pytest.mark.parametrize(
        ("degrees", "published"),
        [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (5, 2.571), (9, 2.262), (30, 2.042), (120, 1.980)],
    )
    def test_use_the_published_quantiles(self, degrees: int, published: float) -> None:
        assert statistics.t_quantile(degrees) == pytest.approx(published, abs=1e-3)


class TestIntervals:
    @pytest.mark.parametrize(("name", "scale"), [("nps", NPS), ("csat", CSAT), ("ces", CES)])
    def test_hold_the_true_value_about_as_often_as_they_say(self, name: str, scale: Scale) -> None:
        dice = random.Random(11)
        weights = [dice.random() for _ in range(len(scale))]
        scores = list(range(len(scale)))
        truth = of(name, (scale, [round(weight * 1_000_000) for weight in weights])).value
        hits = 0
        for _ in range(400):
            drawn = dice.choices(scores, weights, k=40)
            estimate = of(name, (scale, [drawn.count(score) for score in scores]))
            hits += estimate.low <= truth <= estimate.high
        assert 0.91 <= hits / 400 <= 0.99


class TestRounding:
    @pytest.mark.parametrize(
        ("exact", "expected"),
        [(Fraction(25, 200), 0.13), (Fraction(-25, 200), -0.13), (Fraction(100, 3), 33.33), (Fraction(0), 0.0)],
    )
    def test_goes_away_from_zero_at_the_half(self, exact: Fraction, expected: float) -> None:
        assert shown(exact) == expected

"""Thousands of simulated years, judged by the code that judges an account's own: how often noise raises an alarm, and
how soon a change does."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from services.metrics.alerts.limits import Chart, Series, judge, limit
from services.metrics.alerts.terms import DAYS, WEEKS, Terms

YEARS = 1_000
WEEK_TERMS = Terms(effect=8, minimum_n=30, alarms_per_month=0.25, directions=(1, -1), rhythm=WEEKS)
# Detractors, passives and promoters: an NPS of 35.
MIX = (0.2, 0.25, 0.55)


def nps(rng: np.random.Generator, n: Any, shift: Any = 0.0, mix: Any = MIX) -> Series:
    """Multinomial answers; `shift` in points, half of it taken from the promoters and half given to detractors."""
    n = np.asarray(n)
    less = -np.broadcast_to(shift, n.shape) / 200
    shares = np.stack([mix[0] + less, np.full(n.shape, mix[1]), mix[2] - less], axis=-1)
    counts = rng.multinomial(n, shares)
    mean = (counts[..., 2] - counts[..., 0]) / n
    variance = (counts[..., 2] + counts[..., 0]) / n - mean**2
    return Series(100 * mean, 100 * np.sqrt(variance / n), n.astype(float), np.zeros(n.shape[1]))


def weekly(series: Series) -> Series:
    return replace(series, day=7 * np.arange(series.value.shape[1], dtype=np.float64))


def alarms_after(chart: Chart, place: int) -> int:
    return int(chart.raised[:, place:].sum())


class TestQuietYears:
    def quiet(self, series: Series, since: int, *, years: int = YEARS, terms: Terms = WEEK_TERMS) -> float:
        """Alarms for each that the budget allows."""
        return alarms_after(judge(series, terms), since) / (years * 12 * terms.alarms_per_month)

    def test_raise_no_more_alarms_than_the_budget(self) -> None:
        series = weekly(nps(np.random.default_rng(1), np.full((YEARS, 104), 200)))
        # Not by never raising one either.
        assert 0.5 < self.quiet(series, 52) <= 1
        assert 0.5 < self.quiet(series, 52, terms=replace(WEEK_TERMS, alarms_per_month=0.1)) <= 1

    def test_are_quiet_with_a_short_history_too(self) -> None:
        series = weekly(nps(np.random.default_rng(2), np.full((YEARS, 64), 60)))
        assert self.quiet(series, 12) <= 1

    def test_of_weeks_that_vary_more_than_their_samples_explain(self) -> None:
        rng = np.random.default_rng(3)
        series = weekly(nps(rng, np.full((YEARS, 104), 200), rng.normal(0, 5, (YEARS, 104))))
        assert self.quiet(series, 52) <= 1

    def test_know_the_weekdays(self) -> None:
        rng, days = np.random.default_rng(4), 84 + 365
        is_weekend = np.arange(days) % 7 >= 5
        n = np.where(is_weekend, 150, 300) * np.ones((100, 1), dtype=int)
        series = replace(nps(rng, n, np.where(is_weekend, -30.0, 0.0)), day=np.arange(days, dtype=float))
        chart = judge(series, replace(WEEK_TERMS, rhythm=DAYS))
        assert alarms_after(chart, 84) <= 100 * 12 * 0.25
        expected = chart.expected[:, -7:].mean(axis=0)
        assert expected[is_weekend[-7:]].max() == pytest.approx(5, abs=2)
        assert expected[~is_weekend[-7:]].min() == pytest.approx(35, abs=2)

    def test_know_the_season_from_two_years_on(self) -> None:
        rng, weeks = np.random.default_rng(5), 4 * 52 + 2
        wave = 15 * np.sin(2 * np.pi * np.arange(weeks) * 7 / 365.25)
        series = weekly(nps(rng, np.full((200, weeks), 300), wave))
        chart = judge(series, WEEK_TERMS)
        assert alarms_after(chart, 3 * 52) <= 200 * 12 * 0.25
        assert chart.raised[:, 52:104].mean() > 1.5 * chart.raised[:, 156:].mean()


class TestChanges:
    def found(self, shift: float, *, within: int, n: int = 200) -> float:
        """The share that is found in so many weeks, of those in which no alarm was open before."""
        shifts = np.where(np.arange(106) >= 78, shift, 0.0)
        series = weekly(nps(np.random.default_rng(6), np.full((YEARS, 106), n), shifts))
        chart = judge(series, WEEK_TERMS)
        before = chart.direction[:, 77] == 0
        way = 1 if shift > 0 else -1
        seen = (chart.direction[:, 78 : 78 + within] == way).any(axis=1)
        return float(seen[before].mean())

    def test_of_15_points_at_200_a_week_are_found_within_two_weeks(self) -> None:
        assert self.found(-15, within=2) >= 0.9
        assert self.found(15, within=2) >= 0.9

    def test_below_the_minimum_effect_are_rarely_told(self) -> None:
        assert self.found(-2, within=2) < 0.1

    def test_end_when_the_usual_is_back(self) -> None:
        weeks = np.arange(104)
        shifts = np.where((weeks >= 60) & (weeks < 65), -25.0, 0.0)
        chart = judge(weekly(nps(np.random.default_rng(7), np.full((200, 104), 200), shifts)), WEEK_TERMS)
        assert (chart.direction[:, 64] == -1).mean() > 0.9
        assert (chart.direction[:, 67] != -1).mean() > 0.9
        # The sum may have begun in a quiet week before, which makes the change a little smaller.
        assert -26 < np.nanmedian(chart.change[:, 64]) < -21

    def test_that_stay_become_the_usual(self) -> None:
        shifts = np.where(np.arange(130) >= 60, -25.0, 0.0)
        chart = judge(weekly(nps(np.random.default_rng(8), np.full((200, 130), 200), shifts)), WEEK_TERMS)
        assert chart.settled[:, 67:73].any(axis=1).mean() > 0.9
        assert (chart.direction[:, 100] != -1).mean() > 0.9
        assert abs(np.nanmedian(chart.expected[:, 100]) - 10) < 3


class TestLimits:
    def test_are_those_that_siegmund_gives(self) -> None:
        """Shift 1, that is k = 0.5: h = 4 has a run length of 168 on each side (Montgomery, "Introduction to
        Statistical Quality Control", 9.1, whose two-sided one of 168 is 336 for each)."""
        assert limit(np.array([1.0]), 336.0)[0] == pytest.approx(4.0, abs=0.05)

    def test_of_a_period_are_where_it_would_raise_an_alarm_alone(self) -> None:
        values = np.full((2, 40), 50.0)
        chart = judge(weekly(Series(values, np.full((2, 40), 5.0), np.full((2, 40), 200.0), np.zeros(40))), WEEK_TERMS)
        low = chart.low[0, 39]
        values[0, 39], values[1, 39] = low - 0.1, low + 0.1
        chart = judge(weekly(Series(values, np.full((2, 40), 5.0), np.full((2, 40), 200.0), np.zeros(40))), WEEK_TERMS)
        assert chart.raised[:, 39].tolist() == [True, False]

    def test_leave_out_periods_with_too_few_answers(self) -> None:
        n = np.full((1, 40), 200.0)
        n[0, 39] = 29
        values = np.full((1, 40), 50.0)
        values[0, 39] = -100
        chart = judge(weekly(Series(values, np.full((1, 40), 5.0), n, np.zeros(40))), WEEK_TERMS)
        assert not chart.raised.any()
        assert np.isnan(chart.expected[0, 39])

    def test_need_a_history(self) -> None:
        chart = judge(weekly(nps(np.random.default_rng(9), np.full((1, 9), 200))), WEEK_TERMS)
        assert np.isnan(chart.expected).all()

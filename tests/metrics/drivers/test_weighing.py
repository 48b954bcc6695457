"""What drivers weigh, against published results and by what must hold for any answers.

Seen to fail: every driver significant, missing answers as 0, rows in the order they came in, drivers that repeat
others, pairs that contradict each other, 20 answers as enough.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.metrics.drivers.correlations import Floats, answers_of, correlations
from services.metrics.drivers.exchange import Reason, Table
from services.metrics.drivers.weighing import MOST_DRIVERS, weigh
from services.metrics.drivers.weights import (
    hold_together,
    inflation,
    r_squared,
    relative_weights,
    shapley_weights,
)
from tests.metrics.drivers.published import (
    CARS,
    CARS_R_SQUARED,
    CARS_RELATIVE_WEIGHTS,
    SWISS,
    SWISS_LMG,
    SWISS_R_SQUARED,
    numbers,
)

FEW = 200


def correlated(text: str) -> Floats:
    return correlations(answers_of(np.array(numbers(text)))).r


def table(columns: Floats, *, net: bool = False) -> Table:
    """The outcome first; what is not a number was not answered."""
    answers = [[None if value != value else float(value) for value in row] for row in columns[:, 1:]]
    outcome = [float(value) for value in columns[:, 0]]
    names = [f"q{place}" for place in range(columns.shape[1] - 1)]
    return Table(
        drivers=names, outcome=outcome, net=[100 * np.sign(v) for v in outcome] if net else None, answers=answers
    )


def made(n: int = 200, *, seed: int = 0) -> Floats:
    """An outcome that follows `q0` much, `q1` little, and `q2` not at all; `q0` and `q1` go together."""
    rng = np.random.default_rng(seed)
    drivers = rng.standard_normal((n, 3))
    drivers[:, 1] += 0.5 * drivers[:, 0]
    outcome = drivers[:, 0] + 0.4 * drivers[:, 1] + rng.standard_normal(n)
    return np.column_stack([outcome, drivers])


class TestPublished:
    def test_relative_weights_are_those_of_rwa(self) -> None:
        r = correlated(CARS)
        assert relative_weights(r) == pytest.approx(CARS_RELATIVE_WEIGHTS, abs=5e-8)
        assert r_squared(r) == pytest.approx(CARS_R_SQUARED, abs=5e-8)

    def test_shapley_weights_are_those_of_relaimpo(self) -> None:
        r = correlated(SWISS)
        assert shapley_weights(r) == pytest.approx(SWISS_LMG, abs=5e-9)
        assert r_squared(r) == pytest.approx(SWISS_R_SQUARED, abs=5e-5)

    def test_variance_inflation_is_that_of_a_regression_on_the_others(self) -> None:
        r = correlated(SWISS)
        others = r_squared(r[np.ix_([2, 1, 3, 4, 5], [2, 1, 3, 4, 5])])
        assert inflation(r)[1] == pytest.approx(1 / (1 - others))


@given(st.integers(0, 1_000), st.integers(1, 6))
@settings(max_examples=20, deadline=None)
def test_weights_add_up_to_r_squared_and_do_not_depend_on_units(seed: int, p: int) -> None:
    rng = np.random.default_rng(seed)
    columns = rng.standard_normal((60, 1 + p)) @ rng.standard_normal((1 + p, 1 + p))
    r = correlations(answers_of(columns)).r
    scaled = correlations(answers_of(columns * rng.uniform(0.1, 10, 1 + p) + rng.uniform(-5, 5, 1 + p))).r
    for weights in (relative_weights, shapley_weights):
        assert weights(r).sum() == pytest.approx(r_squared(r))
        assert (weights(r) >= 0).all()
        assert weights(scaled) == pytest.approx(weights(r), abs=1e-9)


class TestMissingAnswers:
    def test_are_left_out_pair_by_pair(self) -> None:
        columns = made()
        columns[::3, 1] = np.nan
        columns[::4, 2] = np.nan
        known = correlations(answers_of(columns))
        both = np.isfinite(columns[:, 1]) & np.isfinite(columns[:, 2])
        assert known.n[1, 2] == both.sum()
        assert known.r[1, 2] == pytest.approx(np.corrcoef(columns[both, 1], columns[both, 2])[0, 1])
        answered = np.isfinite(columns[:, 1])
        assert known.r[0, 1] == pytest.approx(np.corrcoef(columns[answered, 0], columns[answered, 1])[0, 1])

    def test_are_counted(self) -> None:
        columns = made()
        columns[:50, 3] = np.nan
        found = weigh(table(columns), FEW)
        assert [one.n for one in found.weighed] == [200, 200, 150]
        assert (found.basis, found.complete) == ("pairs", 150)
        assert {pair.drivers: pair.n for pair in found.pairs}["q0", "q2"] == 150

    def test_that_contradict_each_other_leave_the_complete_rows(self) -> None:
        """The outcome follows `q0` and `q1` where only one was answered; where both were, they are opposites."""
        rng = np.random.default_rng(0)
        columns = rng.standard_normal((300, 3))
        columns[:100, 2] = columns[100:200, 1] = np.nan
        columns[:100, 1] = columns[:100, 0]
        columns[100:200, 2] = columns[100:200, 0]
        columns[200:, 2] = 0.2 * columns[200:, 2] - columns[200:, 1]
        assert not hold_together(correlations(answers_of(columns)).r)
        found = weigh(table(columns), FEW)
        assert (found.basis, found.complete, [one.n for one in found.weighed]) == ("complete", 100, [100, 100])
        third = rng.standard_normal((300, 1))
        third[200:255] = np.nan
        few = weigh(table(np.hstack([columns, third])), FEW)
        assert (few.weighed, few.complete, few.refused is None) == ([], 45, False)


class TestSignificance:
    def test_is_weighing_more_than_noise(self) -> None:
        found = weigh(table(made()), FEW)
        assert [one.is_significant for one in found.weighed] == [True, True, False]
        assert found.weighed[2].weight.low is not None
        # Which an interval of the weight alone could not tell.
        assert found.weighed[2].weight.low > 0

    def test_of_drivers_that_are_noise_is_rare(self) -> None:
        rng = np.random.default_rng(5)
        said = [weigh(table(rng.standard_normal((80, 4))), 100).weighed for _ in range(40)]
        assert sum(any(one.is_significant for one in weighed) for weighed in said) <= 4


class TestIntervals:
    def test_hold_the_truth_as_often_as_they_say(self) -> None:
        """Two drivers of variance 1 that share nothing: 1 and 0.5 squared of 2.25."""
        hits = 0
        for seed in range(60):
            rng = np.random.default_rng(seed)
            drivers = rng.standard_normal((150, 2))
            outcome = drivers[:, 0] + 0.5 * drivers[:, 1] + rng.standard_normal(150)
            slope = weigh(table(np.column_stack([outcome, drivers])), FEW).weighed[0].slope
            assert slope.low is not None
            assert slope.high is not None
            hits += slope.low <= 1 <= slope.high
        assert hits >= 52

    def test_do_not_depend_on_the_order_of_rows(self) -> None:
        columns = made()
        columns[::7, 2] = np.nan
        shuffled = np.random.default_rng(1).permutation(columns)
        assert weigh(table(columns, net=True), FEW) == weigh(table(shuffled, net=True), FEW)

    def test_of_shapley_weights_end_where_they_would_take_too_long(self) -> None:
        found = weigh(table(np.random.default_rng(0).standard_normal((200, 10))), 20)
        assert all(one.shapley.low is None for one in found.weighed)
        assert sum(one.shapley.value for one in found.weighed) == pytest.approx(
            found.r_squared and found.r_squared.value
        )


class TestWhatIsNoDriver:
    def test_has_too_few_answers_beside_the_outcome(self) -> None:
        columns = made()
        columns[49:, 3] = np.nan
        (left,) = weigh(table(columns), FEW).left
        assert (left.driver, left.n, left.reason) == ("q2", 49, Reason.FEW)

    def test_never_varies(self) -> None:
        columns = made()
        columns[:, 2] = 4
        (left,) = weigh(table(columns), FEW).left
        assert (left.driver, left.reason) == ("q1", Reason.CONSTANT)

    def test_says_what_others_say(self) -> None:
        columns = made()
        columns[:, 3] = 2 * columns[:, 1] - columns[:, 2]
        (left,) = weigh(table(columns), FEW).left
        assert (left.driver, left.reason) == ("q2", Reason.REPEATS)

    def test_comes_after_so_many(self) -> None:
        found = weigh(table(np.random.default_rng(0).standard_normal((200, 15))), 2)
        assert len(found.weighed) == MOST_DRIVERS
        assert [one.reason for one in found.left] == [Reason.MANY, Reason.MANY]

    def test_leaves_nothing_to_weigh_if_there_is_no_other(self) -> None:
        found = weigh(table(made(49)), FEW)
        assert (found.weighed, found.least, len(found.left)) == ([], 50, 3)
        assert found.refused == "Too few answers."

    def test_is_an_outcome_that_never_varies(self) -> None:
        columns = made()
        columns[:, 0] = 9
        assert weigh(table(columns), FEW).refused == "All answers to the outcome are the same."


def test_a_rise_is_told_in_points_of_the_outcome_and_of_the_net_score() -> None:
    columns = made(2_000)
    (first, *_) = weigh(table(columns, net=True), FEW).weighed
    assert first.net_slope is not None
    design = np.column_stack([np.ones(2_000), columns[:, 1:]])
    assert first.slope.value == pytest.approx(np.linalg.lstsq(design, columns[:, 0], rcond=None)[0][1])
    net = np.linalg.lstsq(design, 100 * np.sign(columns[:, 0]), rcond=None)[0][1]
    assert first.net_slope.value == pytest.approx(net)

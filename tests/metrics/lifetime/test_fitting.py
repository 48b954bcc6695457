"""The models find what they were made of, and say what the papers say."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import hyp2f1

from services.metrics.lifetime.fitting import (
    alive,
    expected_purchases,
    expected_spending,
    fit_purchases,
    fit_spending,
    purchases_log_likelihood,
    spending_log_likelihood,
)
from tests.metrics.lifetime.purchases import lives

# CDNOW's, as published.
CDNOW = (0.243, 4.414, 0.793, 2.426)


def test_what_is_expected_is_equation_10_of_the_paper() -> None:
    r, alpha, a, b = CDNOW
    x, t_x, age = np.array([0.0, 2.0, 7.0]), np.array([0.0, 30.43, 29.43]), np.array([38.86, 38.86, 38.86])
    series = hyp2f1(r + x, b + x, a + b + x - 1, 39 / (alpha + age + 39))
    plain = (a + b + x - 1) / (a - 1) * (1 - ((alpha + age) / (alpha + age + 39)) ** (r + x) * series)
    assert expected_purchases(CDNOW, x, t_x, age, 39) == pytest.approx(plain * alive(CDNOW, x, t_x, age))
    # Customer 1 of the published spreadsheet.
    assert expected_purchases(CDNOW, x, t_x, age, 39)[1] == pytest.approx(1.226, abs=0.001)
    assert alive(CDNOW, x, t_x, age)[0] == 1.0


def test_at_a_of_1_it_is_the_limit() -> None:
    one = np.array([3.0]), np.array([20.0]), np.array([30.0])
    near = [expected_purchases((0.5, 5.0, a, 2.0), *one, 39)[0] for a in (0.9999, 1.0, 1.0001)]
    assert near[0] == pytest.approx(near[1], rel=1e-3)
    assert near[2] == pytest.approx(near[1], rel=1e-3)


def test_the_likelihood_of_purchases_is_that_of_the_story() -> None:
    """Integrated over all rates and chances of leaving, of somebody who bought again in weeks 3 and 9 of 20."""
    r, alpha, a, b = 1.3, 6.0, 1.1, 2.2

    def of_leaving(p: float) -> float:
        density = p ** (a - 1) * (1 - p) ** (b - 1) * beta

        def of_rate(rate: float) -> float:
            prior = alpha**r * rate ** (r - 1) * np.exp(-alpha * rate) / gamma
            story = rate**2 * ((1 - p) ** 2 * np.exp(-rate * 20) + p * (1 - p) * np.exp(-rate * 9))
            return float(prior * story)

        return float(density * quad(of_rate, 0, 8)[0])

    from scipy.special import beta as beta_function
    from scipy.special import gamma as gamma_function

    beta, gamma = 1 / beta_function(a, b), gamma_function(r)
    found = purchases_log_likelihood(np.array([r, alpha, a, b]), np.array([2.0]), np.array([9.0]), np.array([20.0]))
    assert found[0] == pytest.approx(np.log(quad(of_leaving, 0, 1)[0]), rel=1e-4)


def test_simulated_customers_give_their_parameters_back() -> None:
    seen = [(len(bought), bought[-1] if bought else 0.0, 52 - came) for came, bought in lives(4_000, 52, seed=3)]
    x, t_x, age = (np.array(column, float) for column in zip(*seen, strict=True))
    found = {each.name: each for each in fit_purchases(x, t_x, age, np.ones(len(x)))}
    for name, true in {"r": 1.0, "alpha": 8.0, "a": 1.2, "b": 3.0}.items():
        assert found[name].low is not None
        assert found[name].high is not None
        assert (found[name].low or 0) < true < (found[name].high or 0)


def test_simulated_spending_gives_its_parameters_back() -> None:
    chance = np.random.default_rng(5)
    p, q, v, n = 6.0, 4.0, 15.0, 4_000
    rates, x = chance.gamma(q, 1 / v, n), chance.integers(1, 8, n).astype(float)
    mean = chance.gamma(p * x, 1 / rates) / x
    found = fit_spending(x, mean)
    for each, true in zip(found, (p, q, v), strict=True):
        assert each.low is not None
        assert each.high is not None
        assert each.low < true < each.high
    assert (
        spending_log_likelihood(np.array([p, q, v]), x, mean).sum()
        <= spending_log_likelihood(np.array([each.value for each in found]), x, mean).sum()
    )
    # Of somebody of whom nothing is known, what everybody pays.
    assert expected_spending((p, q, v), np.array([0.0]), np.array([0.0]))[0] == pytest.approx(p * v / (q - 1))

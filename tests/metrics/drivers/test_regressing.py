"""Correlations and a regression, beside what others calculate.

Seen to fail: classical errors whatever the residuals do.
"""

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS

from services.metrics.drivers.regressing import pearson, regress, spearman
from tests.metrics.drivers.published import SWISS, numbers
from tests.metrics.drivers.test_weighing import made, table


class TestCorrelations:
    def test_have_fishers_interval(self) -> None:
        """r = 0.5 at n = 28: tanh(0.549306 ± 1.959964 / 5)."""
        found = pearson(0.5, 28)
        assert [found.low, found.high] == pytest.approx([0.15603, 0.73582], abs=1e-5)

    def test_of_ranks_have_a_wider_one(self) -> None:
        linear, ranked = pearson(0.5, 28), spearman(0.5, 28)
        assert linear.low is not None
        assert ranked.low is not None
        assert ranked.low < linear.low


class TestRegression:
    def test_of_swiss_fertility_is_the_published_one(self) -> None:
        """summary(lm(Fertility ~ ., swiss)) in R; too few rows for the product, so each is told twice."""
        found = regress(table(np.array(numbers(SWISS) * 2)))
        values = [one.value for one in found.coefficients]
        assert values == pytest.approx([66.91518, -0.17211, -0.25801, -0.87094, 0.10412, 1.07705], abs=5e-6)
        assert (found.n, found.refused) == (94, None)
        assert found.r_squared == pytest.approx(0.7067, abs=5e-5)

    def test_allows_for_residuals_that_do_not_vary_alike(self) -> None:
        columns = made(300, seed=2)
        assert regress(table(columns)).errors == "classical"
        columns[:, 0] += 3 * columns[:, 1] * np.random.default_rng(1).standard_normal(300) * (columns[:, 1] > 0)
        found = regress(table(columns))
        assert found.diagnosis is not None
        assert (found.errors, found.diagnosis.breusch_pagan[1] < 0.05) == ("HC3", True)
        design = np.column_stack([np.ones(300), columns[:, 1:]])
        robust = OLS(columns[:, 0], design).fit(cov_type="HC3")
        assert [one.standard_error for one in found.coefficients] == pytest.approx(robust.bse)

    def test_names_the_row_that_decides(self) -> None:
        columns = made(100)
        columns[17] = [60, 8, 0, 0]
        found = regress(table(columns))
        assert found.diagnosis is not None
        assert found.diagnosis.most_influential[0].row == 17

    def test_rests_on_rows_that_have_everything(self) -> None:
        columns = made(100)
        columns[:40, 1] = np.nan
        columns[3, 1] = 1.0
        found = regress(table(columns))
        assert (found.n, found.correlations[0].n, found.correlations[1].n) == (61, 61, 100)

    def test_is_refused_where_few_have(self) -> None:
        columns = made(120)
        columns[:60, 1] = np.nan
        columns[60:70, 2] = columns[110:, 3] = np.nan
        found = regress(table(columns))
        assert found.coefficients == []
        assert (found.n, found.least) == (40, 50)

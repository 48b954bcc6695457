"""How the outcome goes with each driver, and with all of them at once, with what that takes for granted looked at.

Pure; loads scipy and statsmodels.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import scipy.stats
from statsmodels.regression.linear_model import OLS
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.stattools import jarque_bera

from services.metrics.drivers.correlations import Floats, answers_of, correlations
from services.metrics.drivers.exchange import (
    Bounded,
    Coefficient,
    Correlated,
    Diagnosis,
    Influence,
    Regression,
    Table,
)
from services.metrics.drivers.weighing import chosen_of, columns_of, least
from services.metrics.drivers.weights import hold_together, inflation
from shared.statistics import Z

ALPHA: Final = 0.05
MOST_INFLUENTIAL: Final = 5


def regress(table: Table) -> Regression:
    columns = columns_of(table)[:, : 1 + len(table.drivers)]
    known = correlations(answers_of(columns))
    chosen, left = chosen_of(table.drivers, known)
    names = [table.drivers[place] for place in chosen]
    used = columns[:, [0, *(1 + place for place in chosen)]]
    rows = np.flatnonzero(np.isfinite(used).all(axis=1))
    needed = least(max(len(chosen), 1))
    refused = None
    r = correlations(answers_of(used[rows])).r if len(rows) >= needed else None
    if not chosen:
        refused = "Too few answers, or all of them are the same."
    elif r is None:
        refused = f"Only {len(rows)} rows have an answer to everything; {needed} are needed."
    elif not hold_together(r):
        refused = "The drivers say the same, or say the outcome itself."
    if refused is not None or r is None:
        return _regression(len(rows), needed, _correlated(names, used), left=left, refused=refused)
    outcome, design = used[rows, 0], np.column_stack([np.ones(len(rows)), used[rows, 1:]])
    fit = OLS(outcome, design).fit()
    diagnosis = _diagnosis(fit, design, rows, names, r)
    is_even = diagnosis.breusch_pagan[1] >= ALPHA
    judged = fit if is_even else fit.get_robustcov_results("HC3")
    return _regression(
        len(rows),
        needed,
        _correlated(names, used),
        left=left,
        coefficients=_coefficients(names, judged),
        errors="classical" if is_even else "HC3",
        r_squared=float(fit.rsquared),
        adjusted_r_squared=float(fit.rsquared_adj),
        diagnosis=diagnosis,
    )


def pearson(r: float, n: int) -> Bounded:
    """With Fisher's interval."""
    return _bounded(r, 1 / np.sqrt(n - 3))


def spearman(r: float, n: int) -> Bounded:
    """With the interval of Bonett and Wright (Psychometrika 65, 2000)."""
    return _bounded(r, np.sqrt((1 + r**2 / 2) / (n - 3)))


def _bounded(r: float, error: float) -> Bounded:
    if abs(r) >= 1 - 1e-12:
        return Bounded(value=round(r), low=None, high=None)
    centre = np.arctanh(r)
    return Bounded(value=r, low=float(np.tanh(centre - Z * error)), high=float(np.tanh(centre + Z * error)))


def _correlated(names: Sequence[str], used: Floats) -> list[Correlated]:
    """Each driver with the outcome, over the rows that have both."""
    found = []
    for place, name in enumerate(names, 1):
        both = used[np.isfinite(used[:, place])][:, [0, place]]
        n = len(both)
        linear = float(scipy.stats.pearsonr(both[:, 0], both[:, 1]).statistic)
        ranked = float(scipy.stats.spearmanr(both[:, 0], both[:, 1]).statistic)
        found.append(Correlated(driver=name, n=n, pearson=pearson(linear, n), spearman=spearman(ranked, n)))
    return found


def _coefficients(names: Sequence[str], judged: Any) -> list[Coefficient]:
    bounds = judged.conf_int(ALPHA)
    return [
        Coefficient(
            driver=name,
            value=float(judged.params[place]),
            low=float(bounds[place][0]),
            high=float(bounds[place][1]),
            standard_error=float(judged.bse[place]),
            p_value=float(judged.pvalues[place]),
        )
        for place, name in enumerate([None, *names])
    ]


def _diagnosis(fit: Any, design: Floats, rows: Any, names: Sequence[str], r: Floats) -> Diagnosis:
    spread = het_breuschpagan(fit.resid, design)
    shape = jarque_bera(fit.resid)
    distances = fit.get_influence().cooks_distance[0]
    order = np.argsort(-distances, kind="stable")[:MOST_INFLUENTIAL]
    limit = 4 / len(rows)
    return Diagnosis(
        breusch_pagan=(float(spread[0]), float(spread[1])),
        jarque_bera=(float(shape[0]), float(shape[1])),
        influential=int((distances > limit).sum()),
        most_influential=[
            Influence(row=int(rows[place]), distance=float(distances[place]))
            for place in order
            if distances[place] > limit
        ],
        inflation={name: float(one) for name, one in zip(names, inflation(r), strict=True)},
    )


def _regression(n: int, needed: int, found: list[Correlated], **rest: Any) -> Regression:
    blank: dict[str, Any] = {"coefficients": [], "errors": "classical", "r_squared": None, "adjusted_r_squared": None}
    blank |= {"diagnosis": None, "refused": None}
    return Regression(n=n, least=needed, correlations=found, **blank | rest)

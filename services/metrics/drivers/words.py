"""What the numbers about drivers mean, in words."""

from collections.abc import Sequence
from typing import Final

from services.metrics.drivers.exchange import Diagnosis, Regression, Weights
from services.metrics.drivers.schemas import CheckOut, Warned
from shared.statistics import shown

ALPHA: Final = 0.05
WEIGHTS: Final = (
    "Johnson's relative weights of the pairwise correlations, and Shapley values of R² (Lindeman, Merenda and Gold); "
    "intervals: percentiles of 1000 bootstrap samples of feedback; significant: more than the weight of noise, at 5 % "
    "among all drivers (Bonferroni)"
)
REGRESSION: Final = (
    "Pearson's r with Fisher's interval, Spearman's with Bonett and Wright's; least squares over the rows that have "
    "everything, with HC3 errors where the residuals do not vary alike"
)
NOTHING: Final = "No feedback has the outcome and another scored question beside it."
ASSUMPTIONS: Final = (
    "What goes together need not cause each other: whether the outcome moves with a driver is shown by changing it.",
    "A point more is worth the same anywhere on a scale.",
    "A question that was not answered or did not apply is missing; those who left it out are taken to be like others.",
)
SEVERAL_SURVEYS: Final = (
    "The feedback comes from several surveys. Questions with the same key are taken for the same question; filter by "
    "survey if they are not."
)


def several_scales(names: Sequence[str]) -> str:
    return f"{', '.join(names)}: asked on several scales, so read on 0..100."


def sampled(used: int, there: int) -> str:
    return f"Of {there} answers that count, {used} are calculated with: always the same ones, chosen by a hash."


def of_weights(found: Weights, collinear: float) -> list[Warned]:
    warnings = []
    if found.basis == "complete":
        detail = (
            "Pairs of answers from different rows contradict each other, so only the rows with an answer to every "
            "driver are calculated with."
        )
        warnings.append(Warned(code="complete_rows_only", detail=detail))
    if close := [one.driver for one in found.weighed if one.inflation >= collinear]:
        detail = f"{', '.join(close)}: the other drivers say so much of it that its weight is hard to tell from theirs."
        warnings.append(Warned(code="collinear", detail=detail))
    turned = [one.driver for one in found.weighed if one.is_significant and one.slope.value * one.correlation < 0]
    if turned:
        detail = (
            f"{', '.join(turned)}: with the outcome alone it goes the other way than beside the other drivers. Read "
            "its weight and its what-if with care."
        )
        warnings.append(Warned(code="suppressed", detail=detail))
    return warnings


def checks(found: Regression, diagnosis: Diagnosis, collinear: float) -> list[CheckOut]:
    spread, shape = diagnosis.breusch_pagan, diagnosis.jarque_bera
    worst = max(diagnosis.inflation, key=lambda name: diagnosis.inflation[name])
    is_even, is_normal = spread[1] >= ALPHA, shape[1] >= ALPHA
    is_separate = diagnosis.inflation[worst] < collinear
    return [
        CheckOut(
            name="equal_variance",
            passed=is_even,
            statistic=shown(spread[0]),
            p_value=shown(spread[1], 4),
            detail="Breusch and Pagan's test: the residuals vary alike for high and low answers."
            if is_even
            else "Breusch and Pagan's test: the residuals vary more for some answers than for others. Standard errors "
            "that allow for it (HC3) are used.",
        ),
        CheckOut(
            name="normal_residuals",
            passed=is_normal,
            statistic=shown(shape[0]),
            p_value=shown(shape[1], 4),
            detail="Jarque and Bera's test: the residuals look normal."
            if is_normal
            else f"Jarque and Bera's test: the residuals are not normal, as is usual on short scales. With {found.n} "
            "rows the intervals of the coefficients hold all the same; single answers cannot be foretold by them.",
        ),
        CheckOut(
            name="influential_rows",
            passed=diagnosis.influential == 0,
            statistic=float(diagnosis.influential),
            p_value=None,
            detail=f"{diagnosis.influential} of {found.n} rows have a Cook's distance above 4 / n; `influential` names "
            "the foremost. Look whether they are mistakes; they are not left out.",
        ),
        CheckOut(
            name="collinearity",
            passed=is_separate,
            statistic=shown(diagnosis.inflation[worst]),
            p_value=None,
            detail=f"The largest variance inflation is that of {worst}"
            + (": low enough to tell the drivers apart." if is_separate else ": its coefficient is hardly its own."),
        ),
    ]

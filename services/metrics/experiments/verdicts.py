"""What the numbers say, in plain words. No I/O."""

from dataclasses import dataclass
from typing import Literal

from services.metrics.experiments.readings import Pair, Reading, Watched
from services.metrics.experiments.results_schemas import Conclusion, Finding
from services.metrics.experiments.schemas import Method
from services.metrics.experiments.sequences import BURN_IN
from shared.statistics import shown


@dataclass(frozen=True, slots=True)
class Terms:
    """By what a difference is judged. `effect` is the smallest one that matters."""

    method: Method
    effect: float
    higher_is_better: bool
    is_stopped: bool


def judge(reading: Reading, terms: Terms) -> Finding:
    """By the method that was chosen before the start."""
    if terms.method == "fixed_horizon":
        if reading.fixed is None:
            return "too_early"
        difference, bounds = float(reading.fixed.change.value), reading.fixed.change.bounds
        is_significant = reading.fixed.is_significant
    else:
        if reading.watched is None:
            return "too_early"
        difference, always = reading.watched.difference, reading.watched.always
        bounds, is_significant = (always.low, always.high), reading.watched.is_significant
    if is_significant:
        return "better" if (difference > 0) == terms.higher_is_better else "worse"
    if bounds is not None and -terms.effect < bounds[0] and bounds[1] < terms.effect:
        return "no_difference_that_matters"
    is_over = terms.is_stopped or terms.method == "fixed_horizon"
    return "not_found" if is_over else "undecided"


def in_words(name: str, against: str, finding: Finding, reading: Reading, pair: Pair, terms: Terms) -> str:
    if finding == "too_early":
        return _why_early(name, against, pair, terms)
    numbers = _numbers(reading, terms)
    match finding:
        case "better" | "worse":
            return f"{name} is {finding} than {against}: {numbers}."
        case "no_difference_that_matters":
            return f"{name} and {against} differ by less than {terms.effect:g}, which is what matters: {numbers}."
        case "not_found":
            return f"No difference between {name} and {against} was found; there may still be one: {numbers}."
    return f"It is not decided whether {name} differs from {against}: {numbers}. Wait, or stop without an answer."


def guarded(name: str, measure: str, watched: Watched | None, *, margin: float, higher_is_better: bool) -> "Guarded":
    if watched is None:
        return Guarded("unclear", f"It is too early to say what {name} does to {measure}.")
    low, high = watched.always.low, watched.always.high
    least, most = (-high, -low) if higher_is_better else (low, high)
    between = f"worse by {shown(least):g} to {shown(most):g}, where up to {margin:g} is accepted"
    if least > margin:
        return Guarded("broken", f"{name} harms {measure}: {between}.")
    if most < margin:
        return Guarded("kept", f"{name} does not harm {measure} by more than {margin:g}.")
    return Guarded("unclear", f"Whether {name} harms {measure} is not clear yet: {between}.")


@dataclass(frozen=True, slots=True)
class Guarded:
    state: Literal["kept", "broken", "unclear"]
    text: str


# What is said first of several findings.
_WEIGHT: tuple[Finding, ...] = (
    *("better", "worse", "undecided", "too_early", "not_found", "no_difference_that_matters"),
)


def together(findings: list[Finding]) -> Conclusion:
    return min(findings, key=_WEIGHT.index)


def _numbers(reading: Reading, terms: Terms) -> str:
    if terms.method == "fixed_horizon" and reading.fixed is not None:
        change = reading.fixed.change
        held = "" if change.bounds is None else _between(*change.bounds, "95 % interval")
        return f"a difference of {shown(change.value):+g}{held}"
    assert reading.watched is not None
    always = reading.watched.always
    held = _between(always.low, always.high, f"{100 * reading.watched.level:g} % at all looks together")
    return f"a difference of {shown(reading.watched.difference):+g}{held}"


def _between(low: float, high: float, what: str) -> str:
    return f" ({shown(low):+g} to {shown(high):+g}, {what})"


def _why_early(name: str, against: str, pair: Pair, terms: Terms) -> str:
    n, other = pair.this.all.n, pair.other.all.n
    so_far = f"the outcome of {n} customers of {name} and of {other} of {against} is known"
    if terms.method == "always_valid":
        return f"It is too early to say anything: {so_far}. It takes {BURN_IN} each, not all of whom are alike."
    first, second = pair.planned
    if terms.is_stopped:
        return f"It was stopped before the planned size, {first} and {second}, so the single look cannot be taken."
    return f"It is too early for the single look: {so_far}; planned are {first} and {second}."

"""How well the assistant knows which article answers, and when none does: clinc150, its 150 intents as articles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.tickets.assistant.knowing import ANSWERS_AT, CALIBRATION, Calibration, Model
from services.tickets.assistant.learning import fit
from tests.eval.datasets import intents

_BINS = 10
_STEPS = 100
# Of what is out of scope in the validation split, so much is to stay unanswered, with a reserve.
_LEFT_ALONE = 0.55


@dataclass(frozen=True, slots=True)
class Knowing:
    """`accuracy`: in scope, an abstention being a mistake; `recall`: out of scope and left unanswered; `error`:
    expected calibration error over ten bins, both together; `ever`: the accuracy if it never abstained."""

    accuracy: float
    recall: float
    error: float
    ever: float


def knowing() -> Knowing:
    data = intents()
    model = fit(data["train"])
    inside = [_judged(model, text, intent) for text, intent in data["test"]]
    outside = [_judged(model, text, None) for text, _ in data["oos_test"]]
    return Knowing(
        accuracy=sum(right and sure >= ANSWERS_AT for sure, right in inside) / len(inside),
        recall=sum(sure < ANSWERS_AT for sure, _ in outside) / len(outside),
        error=_calibration_error([*inside, *outside]),
        ever=sum(right for _, right in inside) / len(inside),
    )


def calibrated() -> tuple[Calibration, float]:
    """The three numbers that `knowing` has, and where to answer, from the validation split alone."""
    data = intents()
    model = fit(data["train"])
    rows = [(*model.best(text), intent) for text, intent in (*data["val"], *data["oos_val"])]
    points = [((1.0, best, best - second), label == intent) for label, best, second, intent in rows]
    weights = [0.0, 0.0, 0.0]
    for _ in range(_STEPS):
        weights = _step(weights, points)
    found = Calibration(*weights)
    foreign = sorted(found.confidence(*model.best(text)[1:]) for text, _ in data["oos_val"])
    return found, foreign[round(_LEFT_ALONE * len(foreign))]


def _step(weights: Sequence[float], points: Sequence[tuple[tuple[float, ...], bool]]) -> list[float]:
    """One of Newton's towards the largest likelihood."""

    x = np.array([values for values, _ in points])
    y = np.array([float(right) for _, right in points])
    chance = 1 / (1 + np.exp(-x @ np.array(weights)))
    hessian = (x * (chance * (1 - chance))[:, None]).T @ x + 1e-6 * np.eye(3)
    return list(np.array(weights) + np.linalg.solve(hessian, x.T @ (y - chance)))


def _judged(model: Model, text: str, intent: str | None) -> tuple[float, bool]:
    label, best, second = model.best(text)
    return CALIBRATION.confidence(best, second), label == intent


def _calibration_error(judged: Sequence[tuple[float, bool]]) -> float:
    error = 0.0
    for at in range(_BINS):
        inside = [one for one in judged if at <= one[0] * _BINS < at + 1 or (at == _BINS - 1 and one[0] == 1)]
        if inside:
            sure = sum(one[0] for one in inside) / len(inside)
            right = sum(one[1] for one in inside) / len(inside)
            error += len(inside) / len(judged) * abs(sure - right)
    return error

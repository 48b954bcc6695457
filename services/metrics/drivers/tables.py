"""From what was said to a table of numbers: one row for each piece of feedback, one scale for each column. No I/O."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.metrics.drivers.exchange import Table
from services.metrics.scores.histograms import PERCENT, Scale

# Where promoters begin, and detractors end.
_PROMOTER, _DETRACTOR = 9, 6
_NPS: Final = "nps"


@dataclass(frozen=True, slots=True)
class Answered:
    """`scales` of each driver. The questions that were asked on `several` are read on 0..100."""

    feedback_ids: Sequence[UUID]
    outcome_scale: Scale
    scales: dict[str, Scale]
    several: Sequence[str]
    table: Table


def answered(outcomes: Iterable[Any], others: Iterable[Any], drivers: Sequence[str] = ()) -> Answered | None:
    """Feedback with an outcome and at least one driver; None if there is none. `drivers` has columns in any case."""
    said: dict[UUID, dict[str, Any]] = {}
    for other in others:
        said.setdefault(other.feedback_id, {})[other.question] = other
    rows = [(one, said[one.feedback_id]) for one in outcomes if one.feedback_id in said]
    if not rows:
        return None
    names = sorted({question for _, row in rows for question in row} | set(drivers))
    on = {name: {_scale(row[name]) for _, row in rows if name in row} for name in names}
    outcome_on = {_scale(one) for one, _ in rows}
    scales = {name: _common(found) for name, found in on.items()}
    outcome_scale = _common(outcome_on)
    is_nps = all(one.scheme == _NPS for one, _ in rows)
    table = Table(
        drivers=names,
        outcome=[_value(one, outcome_scale) for one, _ in rows],
        net=[_net(one.points) for one, _ in rows] if is_nps else None,
        answers=[[_value(row[name], scales[name]) if name in row else None for name in names] for _, row in rows],
    )
    several = [name for name, found in {"the outcome": outcome_on, **on}.items() if len(found) > 1]
    return Answered([one.feedback_id for one, _ in rows], outcome_scale, scales, several, table)


def exact(said: Any) -> float:
    """What was answered, so that more is better."""
    return float(said.points if said.index is None else said.index)


def _common(found: Collection[Scale]) -> Scale:
    return next(iter(found)) if len(found) == 1 else PERCENT


def _scale(said: Any) -> Scale:
    return Scale(said.minimum, said.maximum) if said.index is None else PERCENT


def _value(said: Any, scale: Scale) -> float:
    value, own = exact(said), _scale(said)
    if own == scale:
        return value
    return scale.minimum + (value - own.minimum) * (scale.maximum - scale.minimum) / (own.maximum - own.minimum)


def _net(points: int) -> float:
    return 100.0 if points >= _PROMOTER else -100.0 if points <= _DETRACTOR else 0.0

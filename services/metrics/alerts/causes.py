"""Which parts explain a change of a mean or a share. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# A part that has as much of the change as it has of the answers explains nothing: so much more it must have.
LEAST_EXCESS: Final = 0.1
FEWEST: Final = 10
MOST_CAUSES: Final = 5


@dataclass(frozen=True, slots=True)
class Part:
    """A group, now and before. A value is None where `n` is 0."""

    group: str | None
    n: int
    value: float | None
    n_before: int
    value_before: float | None


@dataclass(frozen=True, slots=True)
class Cause:
    """`own`: how much of the change came of the group's own value; `mix`: of there being more or fewer of it. Together
    they are `share` of the change of the whole. `weight`: its share of the answers, now and before on average."""

    dimension: str
    part: Part
    own: float
    mix: float
    share: float
    weight: float


def parts_of_change(dimension: str, parts: Sequence[Part]) -> list[Cause]:
    """Every part; all `own` and `mix` add up to the change exactly (Kitagawa, "Components of a difference between two
    rates", Journal of the American Statistical Association 50, 1955)."""
    now, before = sum(part.n for part in parts), sum(part.n_before for part in parts)
    if not now or not before:
        return []
    mean = sum(part.n * (part.value or 0) for part in parts) / now
    mean_before = sum(part.n_before * (part.value_before or 0) for part in parts) / before
    change = mean - mean_before
    causes = []
    for part in parts:
        if part.value is None and part.value_before is None:
            continue
        value = part.value if part.value is not None else part.value_before or 0.0
        value_before = part.value_before if part.value_before is not None else value
        weight, weight_before = part.n / now, part.n_before / before
        own = (weight + weight_before) / 2 * (value - value_before)
        mix = (weight - weight_before) * ((value + value_before) / 2 - (mean + mean_before) / 2)
        share = (own + mix) / change if change else 0.0
        causes.append(Cause(dimension, part, own, mix, share, (weight + weight_before) / 2))
    return causes


def telling(causes: Sequence[Cause]) -> list[Cause]:
    """Those that have clearly more of the change than of the answers, the most telling first."""
    found = [cause for cause in causes if cause.part.n >= FEWEST and cause.share - cause.weight >= LEAST_EXCESS]
    return sorted(found, key=lambda cause: cause.share - cause.weight, reverse=True)[:MOST_CAUSES]

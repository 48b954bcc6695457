"""What a metric counts, whatever it is about: the one shape that answers are made from."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from services.metrics.comparisons.significance import Change

T = TypeVar("T")

# A value for each thing that is told apart; None for what has no such value.
Group = tuple[Any, ...]
# First day of the period (None for the whole window), and the group.
Place = tuple[date | None, Group]


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    """`found`: what there is in each period and group with any; `total`: in the whole window. `blank` is what there is
    elsewhere, `fields` turns each into those of `Score`, `change` is from the second to the first of two, and `size`
    is `n`. `assumptions`: what all of it rests on, in words."""

    found: Mapping[Place, T]
    total: T
    blank: Callable[[], T]
    fields: Callable[[T], dict[str, Any]]
    change: Callable[[T, T], Change | None]
    size: Callable[[T], int]
    watermark: datetime | None
    assumptions: Sequence[str] = ()

"""From two answers and the change between them to what is said of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from services.metrics.comparisons.against import Against
from services.metrics.comparisons.significance import Change, holm
from services.metrics.privacy.veil import Veil
from services.metrics.scores import schemas as s
from services.metrics.scores.counted import Counted, Place
from services.metrics.scores.selection import Selection
from shared.statistics import LEVEL, shown

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Other(Generic[T]):
    """What an answer of the metric is compared with; `told` is what was counted there."""

    against: Against
    metric: str
    told: Counted[T]
    veil: Veil

    def compared(self, counted: Counted[T], this: T, other: T, place: Place | None, hidden: bool) -> s.ComparisonOut:
        """One number with its counterpart, looked at by itself. `hidden`: this one is, so no change may tell it."""
        selection, fields = self.against.selection, self.veil.over(self.told.fields(other), place)
        is_hidden = hidden or fields["withheld"] is not None
        return s.ComparisonOut.model_construct(
            None,
            comparison=self.against.comparison,
            from_=selection.start,
            to=selection.end,
            filters={by.value: [str(value) for value in values] for by, values in selection.filters.items()},
            **{name: fields[name] for name in ("value", "n", "interval", "excluded", "insufficient", "withheld")},
            rows=rows_of(self.metric, selection),
            **_change(None if is_hidden else counted.change(this, other)),
        )


def rows_of(metric: str, selection: Selection) -> str:
    """Where the rows behind a number are."""
    return f"/v1/metrics/{metric}/rows?{selection.query}"


def judge_together(compared: Sequence[s.ComparisonOut]) -> None:
    """Of many groups some differ by chance: each is significant only if it would be among so many tests."""
    tested = [each for each in compared if each.test is not None]
    for each, p_value in zip(tested, holm([each.test.p_value for each in tested if each.test]), strict=True):
        each.significant = p_value < 1 - LEVEL


def _change(change: Change | None) -> Mapping[str, Any]:
    if change is None:
        return dict.fromkeys(("change", "change_interval", "test", "significant"))
    interval = test = significant = None
    if change.bounds is not None:
        low, high = change.bounds
        interval = s.ConfidenceInterval(low=shown(low), high=shown(high), level=LEVEL)
        significant = not low <= 0 <= high
    if change.test is not None:
        statistic = change.test.statistic
        test = s.SignificanceOut(
            method=change.test.method,
            statistic=None if statistic is None else float(f"{statistic:.4f}"),
            p_value=float(f"{change.test.p_value:.3g}"),
        )
        significant = change.test.p_value < 1 - LEVEL
    return {"change": shown(change.value), "change_interval": interval, "test": test, "significant": significant}

"""How sure a model must be to speak, judged by corrections that it had not seen. Below that it abstains, and what the
built-in reading says stands."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

Shares = Mapping[str, float]
# Fewer decisions than this prove nothing.
FEWEST: Final = 10
NEVER: Final = 1.01


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the held-out decisions: `coverage` is the part in which the model speaks; `accuracy` how often it is right
    there, `built_in` how often the built-in reading is right in the same places; `together` and `before` over all."""

    decisions: int
    coverage: float
    accuracy: float | None
    built_in: float | None
    together: float
    before: float


@dataclass(frozen=True, slots=True)
class _Decision:
    sure: float
    is_right: bool
    was_right: bool


def one_of(
    shares: Sequence[Shares], truths: Sequence[str], built_in: Sequence[str | None], precision: float
) -> tuple[dict[str, float], Figures]:
    """For labels that exclude each other. The threshold is where most labels come out right, of those from which on the
    model is right at least as often as `precision` asks."""
    decisions = []
    for share, truth, base in zip(shares, truths, built_in, strict=True):
        best = max(share, key=lambda label: share[label])
        decisions.append(_Decision(share[best], best == truth, base == truth))
    at_least = _threshold(decisions, precision)
    return {"at_least": at_least}, _figures(decisions, [one.sure >= at_least for one in decisions])


def each(
    shares: Sequence[Shares], truths: Sequence[AbstractSet[str]], built_in: Sequence[AbstractSet[str]], precision: float
) -> tuple[dict[str, float], Figures]:
    """For labels that hold or not, each by itself: from `yes` on the model adds one that was not found, up to `no` it
    takes one away. Decisions of all labels count together; one label alone has too few."""
    adding, removing = [], []
    for share, truth, found in zip(shares, truths, built_in, strict=True):
        for label, value in share.items():
            if label in found:
                removing.append(_Decision(1 - value, label not in truth, label in truth))
            else:
                adding.append(_Decision(value, label in truth, label not in truth))
    yes, no = _threshold(adding, precision), _threshold(removing, precision)
    speaks = [one.sure >= yes for one in adding] + [one.sure >= no for one in removing]
    return {"yes": yes, "no": 1 - no}, _figures([*adding, *removing], speaks)


def _threshold(decisions: Sequence[_Decision], precision: float) -> float:
    """Of several that are as good, the lowest: a model that also weighs what the built-in reading says is the better
    guess. `NEVER` where speaking would make nothing better."""
    best, threshold, right, gain = 0, NEVER, 0, 0
    ordered = sorted(decisions, key=lambda one: -one.sure)
    for count, one in enumerate(ordered, 1):
        right += one.is_right
        gain += one.is_right - one.was_right
        is_last_of_its_kind = count == len(ordered) or ordered[count].sure < one.sure
        if is_last_of_its_kind and count >= FEWEST and right >= precision * count and gain >= max(best, 1):
            best, threshold = gain, one.sure
    return threshold


def _figures(decisions: Sequence[_Decision], speaks: Sequence[bool]) -> Figures:
    spoken = [one for one, is_said in zip(decisions, speaks, strict=True) if is_said]
    right = sum(one.is_right if is_said else one.was_right for one, is_said in zip(decisions, speaks, strict=True))
    count = len(decisions)
    return Figures(
        decisions=count,
        coverage=len(spoken) / count,
        accuracy=sum(one.is_right for one in spoken) / len(spoken) if spoken else None,
        built_in=sum(one.was_right for one in spoken) / len(spoken) if spoken else None,
        together=right / count,
        before=sum(one.was_right for one in decisions) / count,
    )

"""Which numbers of few answers are kept back, and which others with them. No I/O."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

K = TypeVar("K", bound=Hashable)
# What a cell is told apart by, in order: its period, and its groups.
Cell = tuple[Any, ...]


class Reason(StrEnum):
    """`too_few`: fewer answers than the account's minimum. `differencing`: together with a number that is shown it
    would give away one of too few."""

    TOO_FEW = "too_few"
    DIFFERENCING = "differencing"


def withheld(sizes: Mapping[K, int], minimum: int) -> dict[K, Reason]:
    """Of groups whose total is known."""
    kept_back: dict[K, Reason] = {}
    _keep_back(list(sizes), sizes, minimum, kept_back)
    return kept_back


def withheld_of_table(sizes: Mapping[Cell, int], minimum: int) -> dict[Cell, Reason]:
    """Of cells that are told apart by several things; the totals along each of them are known."""
    kept_back: dict[Cell, Reason] = {}
    lines: defaultdict[tuple[Any, ...], list[Cell]] = defaultdict(list)
    for cell in sizes:
        for axis in range(len(cell)):
            lines[axis, *cell[:axis], *cell[axis + 1 :]].append(cell)
    before = -1
    while len(kept_back) != before:
        before = len(kept_back)
        for line in lines.values():
            _keep_back(line, sizes, minimum, kept_back)
    return kept_back


def splits(kept_back: Collection[K], values: Iterable[K]) -> bool:
    """Whether these groups hold some, but not all, of those that are kept back: next to the answer without this filter
    they would tell the rest."""
    chosen = set(values) & set(kept_back)
    return bool(chosen) and len(chosen) < len(kept_back)


def _keep_back(line: Sequence[K], sizes: Mapping[K, int], minimum: int, kept_back: dict[K, Reason]) -> None:
    """Those of the line that are too few; and, lest the total less all others be one of too few, the smallest others
    until it is two groups at least, of so many answers together (complementary suppression: Cox, Journal of the
    American Statistical Association 75, 1980)."""
    kept_back.update({place: Reason.TOO_FEW for place in line if 0 < sizes[place] < minimum})
    hidden = [place for place in line if place in kept_back]
    others = sorted(
        (place for place in line if sizes[place] and place not in kept_back), key=lambda each: (sizes[each], str(each))
    )
    for place in sorted(others, key=lambda each: (sizes[each], str(each))):
        if not hidden or (len(hidden) > 1 and sum(sizes[each] for each in hidden) >= minimum):
            return
        kept_back[place] = Reason.DIFFERENCING
        hidden.append(place)

"""Scores, counted: what formulas work on."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from services.metrics.facts.reading import Exclusion


@dataclass(frozen=True, slots=True, order=True)
class Scale:
    """From `minimum` (bad) to `maximum` (good), both included."""

    minimum: int
    maximum: int

    def __len__(self) -> int:
        return self.maximum - self.minimum + 1


PERCENT = Scale(0, 100)
_NOBODY = dict.fromkeys(Exclusion, 0)


@dataclass(slots=True)
class Histogram:
    """How many answers have each score, for each scale that occurs; the first count is that of the lowest score.

    Of an index the scores are whole tens; `index_sum` and `index_squares` add up the exact values (0..100), and their
    squares.
    """

    counts: dict[Scale, list[int]] = field(default_factory=dict)
    index_sum: Decimal = Decimal(0)
    index_squares: Decimal = Decimal(0)

    @property
    def n(self) -> int:
        return sum(sum(counts) for counts in self.counts.values())

    def add(self, scale: Scale, counts: Iterable[int]) -> None:
        present = self.counts.setdefault(scale, [0] * len(scale))
        for index, count in enumerate(counts):
            present[index] += count

    def add_index(self, total: Decimal, squares: Decimal) -> None:
        self.index_sum += total
        self.index_squares += squares

    def merge(self, other: "Histogram") -> None:
        for scale, counts in other.counts.items():
            self.add(scale, counts)
        self.add_index(other.index_sum, other.index_squares)

    def scale(self) -> Scale | None:
        """The scale that the scores can be averaged on: their own if they share one, else 0..100; None without any."""
        used = self.scales()
        return None if not used else used[0] if len(used) == 1 else PERCENT

    def scales(self) -> Sequence[Scale]:
        """Those with answers, in order."""
        return sorted(scale for scale, counts in self.counts.items() if any(counts))

    def scores(self, common: Scale) -> Iterator[tuple[Fraction, int]]:
        """Each score, on `common`, with how many answers have it."""
        for scale in self.scales():
            for index, count in enumerate(self.counts[scale]):
                own, percent = Fraction(scale.minimum + index), Fraction(100 * index, len(scale) - 1)
                yield (own if scale == common else percent), count


@dataclass(slots=True)
class Tally:
    """What is known of one group of feedback: the answers that count, and why the others do not."""

    histogram: Histogram = field(default_factory=Histogram)
    excluded: dict[Exclusion, int] = field(default_factory=_NOBODY.copy)

    def add(self, scale: Scale | None, scores: Sequence[int], excluded: Sequence[int]) -> None:
        """`scores` from 0 to the highest there is, `excluded` in the order of `Exclusion`."""
        if scale is not None and any(scores):
            self.histogram.add(scale, scores[scale.minimum : scale.maximum + 1])
        for reason, count in zip(_NOBODY, excluded, strict=True):
            self.excluded[reason] += count

    def merge(self, other: "Tally") -> None:
        self.histogram.merge(other.histogram)
        for reason, count in other.excluded.items():
            self.excluded[reason] += count

"""What a measurement says: a ratio of two things that took turns in one run, against what is to be reached."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ratio:
    """`at_least` or `at_most` is the bar; `rounds` are the ratios of single rounds, of which the median counts."""

    name: str
    rounds: Sequence[float]
    at_least: float | None = None
    at_most: float | None = None

    @property
    def value(self) -> float:
        return statistics.median(self.rounds)

    @property
    def reached(self) -> bool:
        if self.at_least is not None:
            return self.value >= self.at_least
        return self.at_most is None or self.value <= self.at_most

    def line(self) -> str:
        bar = f">= {self.at_least:g}" if self.at_least is not None else f"<= {self.at_most:g}"
        spread = f"{min(self.rounds):.2f}..{max(self.rounds):.2f}"
        return f"{'ok  ' if self.reached else 'MISS'}  {self.value:8.3f}  ({bar:>8})  {spread:>14}  {self.name}"


def interleave(rounds: int, ways: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run every way once per round, so that a machine that slows down slows all of them."""
    results: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            results[name].append(way())
    return results


def divided(over: Sequence[float], under: Sequence[float]) -> list[float]:
    return [a / b for a, b in zip(over, under, strict=True)]

"""A linear text model: TF-IDF over hashed features, then one weight for each label. Reading needs no numpy.

A word that training did not see counts in a text's length without weighing for any label: the stranger a text, the less
sure the model is of it.
"""

import zlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, log, sqrt
from typing import Final, Literal

import orjson

from services.survey.learning.features import Seen, composed, see

Link = Literal["softmax", "sigmoid"]
MOST_EVIDENCE: Final = 6
# What pulls less than this part of the strongest word is not why.
_LEAST_PULL: Final = 0.25
_LARGEST: Final = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LinearModel:
    """`link`: exactly one label holds (`softmax`), or each by itself (`sigmoid`).

    `buckets` name the rows of `weights`, which has one column for each label; `idf` belongs to them. `signals` are what
    is known besides the words, by name; their rows come after those of the buckets. `texts`: how many it learned from.
    """

    labels: Sequence[str]
    link: Link
    texts: int
    bias: Sequence[float]
    signals: Sequence[str]
    buckets: "array[int]"
    idf: "array[float]"
    weights: "array[float]"
    _row_of: dict[int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_row_of", {bucket: row for row, bucket in enumerate(self.buckets)})

    def shares(self, text: str, signals: Mapping[str, float]) -> dict[str, float]:
        """Probability of each label; of all together 1 where exactly one holds."""
        sums = list(self.bias)
        for row, value in self._values(see(composed(text)), signals):
            for label, weight in enumerate(self._weights_of(row)):
                sums[label] += value * weight
        if self.link == "sigmoid":
            return {label: _sigmoid(total) for label, total in zip(self.labels, sums, strict=True)}
        top = max(sums)
        raw = [exp(total - top) for total in sums]
        return {label: value / sum(raw) for label, value in zip(self.labels, raw, strict=True)}

    def evidence(self, text: str, label: str) -> tuple[str, ...]:
        """The words that pulled most towards the label, as they were written, in the order of the text."""
        text = composed(text)
        seen = see(text)
        column = list(self.labels).index(label)
        pull: dict[int, float] = {}
        for row, value in self._values(seen, {}):
            weights = self._weights_of(row)
            others = [weight for other, weight in enumerate(weights) if other != column]
            rest = sum(others) / len(others) if others and self.link == "softmax" else 0.0
            pull[row] = value * (weights[column] - rest)
        spans = [
            (pull[at], start, end)
            for bucket, start, end in seen.places
            if (at := self._row_of.get(bucket)) is not None and text[start].isalnum()
        ]
        least = _LEAST_PULL * max((strength for strength, _, _ in spans), default=0.0)
        chosen: list[tuple[int, int]] = []
        for strength, start, end in sorted(spans, key=lambda span: (-span[0], span[1])):
            apart = all(end <= taken[0] or start >= taken[1] for taken in chosen)
            if strength > max(least, 0.0) and apart and len(chosen) < MOST_EVIDENCE:
                chosen.append((start, end))
        return tuple(dict.fromkeys(text[start:end] for start, end in sorted(chosen)))

    def _values(self, seen: Seen, signals: Mapping[str, float]) -> Iterator[tuple[int, float]]:
        """Row and value of what is known of a text; words and pieces of length 1 each."""
        unseen = log(1 + self.texts) + 1
        for counts in (seen.words, seen.pieces):
            known: list[tuple[int, float]] = []
            square = 0.0
            for bucket, count in counts.items():
                place = self._row_of.get(bucket)
                value = (1 + log(count)) * (unseen if place is None else self.idf[place])
                square += value * value
                if place is not None:
                    known.append((place, value))
            length = sqrt(square) or 1.0
            yield from ((row, value / length) for row, value in known)
        for at, name in enumerate(self.signals):
            if value := signals.get(name, 0.0):
                yield len(self.buckets) + at, value

    def _weights_of(self, row: int) -> "array[float]":
        size = len(self.labels)
        return self.weights[row * size : (row + 1) * size]


def packed(model: LinearModel) -> bytes:
    """A line of JSON, then the numbers, compressed. The same model is the same bytes."""
    head = {name: getattr(model, name) for name in ("labels", "link", "texts", "bias", "signals")}
    numbers = model.buckets.tobytes() + model.idf.tobytes() + model.weights.tobytes()
    return orjson.dumps(head | {"rows": len(model.buckets)}) + b"\n" + zlib.compress(numbers, 6)


def unpacked(content: bytes) -> LinearModel:
    """Raises `ValueError` for what `packed` did not make."""
    line, _, compressed = content.partition(b"\n")
    head = orjson.loads(line)
    rows = head.pop("rows")
    unpacker = zlib.decompressobj()
    numbers = unpacker.decompress(compressed, _LARGEST)
    columns = len(head["labels"])
    if len(numbers) != 4 * (2 * rows + (rows + len(head["signals"])) * columns):
        raise ValueError("these bytes are no model")
    buckets, idf, weights = array("I"), array("f"), array("f")
    buckets.frombytes(numbers[: 4 * rows])
    idf.frombytes(numbers[4 * rows : 8 * rows])
    weights.frombytes(numbers[8 * rows :])
    return LinearModel(**head, buckets=buckets, idf=idf, weights=weights)


def _sigmoid(total: float) -> float:
    return 1 / (1 + exp(-total)) if total > -700 else 0.0

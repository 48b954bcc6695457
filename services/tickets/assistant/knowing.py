"""Which article answers a question: a linear model over words, pairs of words and pieces of words. Reading it needs
nothing but Python; `learning` makes it, in a process of its own.

How sure it is comes from the two best articles: `CALIBRATION` turns their weights into how probably the best one is
right. Its three numbers were fitted on the validation split of clinc150 (Larson et al. 2019, CC BY 3.0), in scope and
out of scope together, by `python -m tests.eval calibrate`; `make eval` measures them on the test split.
"""

import re
import unicodedata
import zlib
from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import exp, log, sqrt
from typing import Final

import orjson

BUCKETS: Final = 2**18
MOST_WORDS: Final = 100
_PIECES: Final = (2, 3, 4, 5)
_LONGEST_WORD: Final = 40
_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)?|\d+")
_LARGEST: Final = 256 * 1_048_576


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probability that the best is right: logistic in its weight and in its lead over the second."""

    bias: float
    weight: float
    lead: float

    def confidence(self, best: float, second: float) -> float:
        return 1 / (1 + exp(-(self.bias + self.weight * best + self.lead * (best - second))))


CALIBRATION: Final = Calibration(bias=-2.149, weight=0.323, lead=0.814)
# Chosen on the validation split: half of what is out of scope stays unanswered.
ANSWERS_AT: Final = 0.323
ASKS_AT: Final = 0.2


@dataclass(frozen=True, slots=True)
class Ranked:
    """`label` names an article. `confidence`: how probably it is the one that answers, 0 to 1."""

    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Model:
    """`row_of` says which row of `weights`, and of `idf`, a bucket has; there is a column for each label.

    `bias` is 0 in the mean: how rare any label is depends on how many articles there are, and a calibration that
    counted it would hold for one number of them.
    """

    labels: Sequence[str]
    texts: int
    bias: Sequence[float]
    row_of: Mapping[int, int]
    idf: Sequence[float]
    weights: "array[float]"

    def ranked(self, said: str, most: int = 3) -> list[Ranked]:
        """The most probable first. What is left of certainty after the best is shared among those that follow."""
        sums = self._evidence(said)
        order = sorted(range(len(sums)), key=lambda at: -sums[at])[:most]
        best = sums[order[0]]
        sure = CALIBRATION.confidence(best, sums[order[1]])
        rest = [Ranked(self.labels[at], (1 - sure) * sure * exp(sums[at] - best)) for at in order[1:]]
        return [Ranked(self.labels[order[0]], sure), *rest]

    def best(self, said: str) -> tuple[str, float, float]:
        """The best label, the evidence for it, and that for the second: what the calibration is fitted on."""
        sums = self._evidence(said)
        best, second, *_ = sorted(range(len(sums)), key=lambda at: -sums[at])
        return self.labels[best], sums[best], sums[second]

    def _evidence(self, said: str) -> list[float]:
        """For each label, what the words say for it."""
        sums = list(self.bias)
        width = len(sums)
        for row, value in self._values(said):
            for at, weight in enumerate(self.weights[row * width : (row + 1) * width]):
                sums[at] += value * weight
        return sums

    def _values(self, said: str) -> Iterator[tuple[int, float]]:
        unseen = log(1 + self.texts) + 1
        for counts in features_of(said):
            known = {bucket: self.row_of.get(bucket) for bucket in counts}
            values = {
                bucket: (1 + log(count)) * (unseen if (row := known[bucket]) is None else self.idf[row])
                for bucket, count in counts.items()
            }
            # Words that nobody taught count in the length and weigh for nothing: strangers are less sure.
            length = sqrt(sum(value * value for value in values.values())) or 1.0
            for bucket, value in values.items():
                if (row := known[bucket]) is not None:
                    yield row, value / length


def features_of(said: str) -> tuple[Counter[int], Counter[int]]:
    """Words with their neighbours, and pieces of words, as numbered buckets."""
    text = unicodedata.normalize("NFKC", said).casefold()
    words = [word[:_LONGEST_WORD] for word in _WORD.findall(text)[:MOST_WORDS]]
    ends = [f"^ {words[0]}", f"{words[-1]} $"] if words else []
    pairs = [f"{one} {other}" for one, other in pairwise(words)]
    whole = Counter(_bucket(name) for name in (*words, *pairs, *ends))
    return whole, Counter(bucket for word in words for bucket in _pieces(word))


def packed(model: Model) -> bytes:
    head = {
        "labels": list(model.labels),
        "texts": model.texts,
        "bias": list(model.bias),
        "buckets": list(model.row_of),
        "idf": list(model.idf),
    }
    words = orjson.dumps(head)
    return zlib.compress(len(words).to_bytes(4, "big") + words + model.weights.tobytes(), 6)


def unpacked(content: bytes) -> Model:
    raw = zlib.decompressobj().decompress(content, _LARGEST)
    size = int.from_bytes(raw[:4], "big")
    head = orjson.loads(raw[4 : 4 + size])
    weights = array("f", raw[4 + size :])
    row_of = {bucket: row for row, bucket in enumerate(head["buckets"])}
    return Model(head["labels"], head["texts"], head["bias"], row_of, head["idf"], weights)


@lru_cache(20_000)
def _pieces(word: str) -> tuple[int, ...]:
    bounded = f"<{word}>"
    return tuple(_bucket(f"~{bounded[at : at + size]}") for size in _PIECES for at in range(len(bounded) - size + 1))


def _bucket(name: str) -> int:
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) % BUCKETS

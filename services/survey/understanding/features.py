"""What a model sees of a text: its words and word groups, pieces of words, and what the lexicon says.

Shared by training and use, so that both see the same.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt
from typing import Final

from services.survey.understanding.lexicon import Lexicon
from services.survey.understanding.words import Word, composed, marked, negated, words_of

LONGEST_GROUP: Final = 3
_PIECES: Final = (3, 4, 5)
PIECE_WEIGHT: Final = 0.5
_KNOWN_WORDS: Final = 4_000
# What nobody reads to the end tells nothing more.
MOST_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """`places`: for each group of words the span it covers, first to last. `pieces`: of words. `signals`: the
    lexicon's. A group counts `scale`, a piece half of it, so that together they have length 1 and long texts are not
    louder."""

    words: Sequence[Word]
    weights: Sequence[float]
    places: Mapping[str, tuple[int, int]]
    pieces: Collection[str]
    scale: float
    signals: Mapping[str, float]

    def features(self) -> dict[str, float]:
        """By name: a piece's begins with `~`, a signal's with `#`."""
        groups, pieces = dict.fromkeys(self.places, self.scale), dict.fromkeys(self.pieces, self.scale * PIECE_WEIGHT)
        return groups | pieces | dict(self.signals)


def see(text: str, lexicon: Lexicon, *, pieces: bool) -> Seen:
    """`text` has to be composed."""
    words = words_of(text, elides=lexicon.elides)[:MOST_WORDS]
    marks = negated(words, lexicon.negators, lexicon.turns)
    read = marked(words, marks)
    weights = lexicon.weights(words, marks)
    places: dict[str, tuple[int, int]] = {}
    for size in range(1, LONGEST_GROUP + 1):
        for at in range(len(read) - size + 1):
            places.setdefault(" ".join(read[at : at + size]), (at, at + size - 1))
    found = set[str]().union(*(_pieces_of(word.folded) for word in words)) if pieces else set[str]()
    length = sqrt(len(places) + len(found) * PIECE_WEIGHT**2) or 1.0
    return Seen(words, weights, places, found, 1 / length, lexicon.signals(words, weights))


@lru_cache(_KNOWN_WORDS)
def _pieces_of(word: str) -> tuple[str, ...]:
    """Of a mark or a sign none."""
    if not word[0].isalpha():
        return ()
    bounded = f"<{word}>"
    return tuple("~" + bounded[at : at + size] for size in _PIECES for at in range(len(bounded) - size + 1))


__all__ = ["LONGEST_GROUP", "MOST_WORDS", "PIECE_WEIGHT", "Seen", "composed", "see"]

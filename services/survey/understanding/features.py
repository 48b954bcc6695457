"""What a model sees of a text: its words and word groups, pieces of words, and what the lexicon says.

Shared by training and use, so that both see the same.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from services.survey.understanding.lexicon import Lexicon
from services.survey.understanding.words import Word, composed, marked, negated, words_of

LONGEST_GROUP: Final = 3
_PIECES: Final = (3, 4, 5)
PIECE_WEIGHT: Final = 0.5
# What nobody reads to the end tells nothing more.
MOST_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """`places`: for each group of words the span it covers, first to last. `cut`: the different words that are read in
    pieces as well. `signals`: the lexicon's. A group counts `scale` and a piece half of it, each time that it is in
    another word; together they have about length 1, so that long texts are not louder."""

    words: Sequence[Word]
    weights: Sequence[float]
    places: Mapping[str, tuple[int, int]]
    cut: Collection[str]
    scale: float
    signals: Mapping[str, float]

    def features(self) -> dict[str, float]:
        """By name: a piece's begins with `~`, a signal's with `#`."""
        pieces = Counter(piece for word in self.cut for piece in pieces_of(word))
        counted = {piece: count * self.scale * PIECE_WEIGHT for piece, count in pieces.items()}
        return dict.fromkeys(self.places, self.scale) | counted | dict(self.signals)


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
    # In one order, whatever the seed of hashes: sums of floats depend on it.
    cut = dict.fromkeys(word.folded for word in words if word.folded[0].isalpha()) if pieces else {}
    length = sqrt(len(places) + PIECE_WEIGHT**2 * sum(map(_number_of_pieces, cut))) or 1.0
    return Seen(words, weights, places, cut, 1 / length, lexicon.signals(words, weights))


def pieces_of(word: str) -> list[str]:
    """With marks where it begins and ends."""
    bounded = f"<{word}>"
    return ["~" + bounded[at : at + size] for size in _PIECES for at in range(len(bounded) - size + 1)]


def _number_of_pieces(word: str) -> int:
    bounded = len(word) + 2
    return sum(max(0, bounded - size + 1) for size in _PIECES)


__all__ = ["LONGEST_GROUP", "MOST_WORDS", "PIECE_WEIGHT", "Seen", "composed", "pieces_of", "see"]

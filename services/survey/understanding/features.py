"""What a model sees of a text: its words and word groups, pieces of words, and what the lexicon says.

Shared by training and use, so that both see the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from services.survey.understanding.lexicon import Lexicon
from services.survey.understanding.words import Word, composed, marked, negated, words_of

LONGEST_GROUP: Final = 3
_PIECES: Final = (3, 4, 5)
_PIECE_WEIGHT: Final = 0.5
# What nobody reads to the end tells nothing more.
MOST_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """`features` by name; the groups' names are their words, a piece's begins with `~`, the lexicon's with `#`.

    `places`: for each group's name the span of words it covers, first to last.
    """

    words: Sequence[Word]
    weights: Sequence[float]
    features: Mapping[str, float]
    places: Mapping[str, tuple[int, int]]


def see(text: str, lexicon: Lexicon, *, pieces: bool) -> Seen:
    """The groups and pieces together have length 1, so that long texts are not louder. `text` has to be composed."""
    words = words_of(text, elides=lexicon.elides)[:MOST_WORDS]
    marks = negated(words, lexicon.negators, lexicon.turns)
    read = marked(words, marks)
    weights = lexicon.weights(words, marks)
    places: dict[str, tuple[int, int]] = {}
    for size in range(1, LONGEST_GROUP + 1):
        for at in range(len(read) - size + 1):
            places.setdefault(" ".join(read[at : at + size]), (at, at + size - 1))
    found = dict.fromkeys(places, 1.0)
    if pieces:
        found |= dict.fromkeys(_pieces(words), _PIECE_WEIGHT)
    length = sqrt(sum(value * value for value in found.values())) or 1.0
    features = {name: value / length for name, value in found.items()}
    return Seen(words, weights, features | lexicon.signals(words, weights), places)


def _pieces(words: Sequence[Word]) -> Iterator[str]:
    for word in words:
        if word.folded[0].isalpha():
            bounded = f"<{word.folded}>"
            for size in _PIECES:
                for at in range(len(bounded) - size + 1):
                    yield "~" + bounded[at : at + size]


__all__ = ["LONGEST_GROUP", "MOST_WORDS", "Seen", "composed", "see"]

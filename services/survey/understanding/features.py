"""What a model sees of a text: its words and word groups, pieces of words, and what the lexicon says.

Shared by training and use, so that both see the same.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import sqrt
from typing import Final

from services.survey.understanding.lexicon import Lexicon, Term
from services.survey.understanding.words import Span, pieces_of, places_of, written_in

PIECE_WEIGHT: Final = 0.5
# What nobody reads to the end tells nothing more.
MOST_WORDS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Seen:
    """`written`: the words as they stand in the text. `groups`: of one to three neighbouring words, and at which place
    each stands first, see `span_of`. `cut`: the different words that are read in pieces as well. `signals`: the
    lexicon's. A group counts `scale` and a piece half of it, each time that it is in another word; together they have
    about length 1, so that long texts are not louder."""

    written: Sequence[str]
    terms: Sequence[Term]
    weights: Sequence[float]
    groups: Mapping[str, int]
    cut: Collection[str]
    scale: float
    signals: Mapping[str, float]

    def features(self) -> dict[str, float]:
        """By name: a piece's begins with `~`, a signal's with `#`."""
        pieces = Counter(piece for word in self.cut for piece in pieces_of(word))
        counted = {piece: count * self.scale * PIECE_WEIGHT for piece, count in pieces.items()}
        # In the order of the text, on which the last digits of what is learned depend.
        groups = dict.fromkeys(sorted(self.groups, key=self.groups.__getitem__), self.scale)
        return groups | counted | dict(self.signals)

    def span_of(self, place: int) -> Span:
        """The words that stand there, first to last: single words have the first places, then come pairs."""
        words = len(self.terms)
        further = 0
        while place >= words - further:
            place -= words - further
            further += 1
        return place, place + further

    def bounds(self, text: str) -> Sequence[Span]:
        """Where each word begins in the text and ends."""
        places = places_of(self.written, text)
        if len(places) == len(self.terms):
            return places
        bounds: list[Span] = []
        terms = iter(self.terms)
        for at, end in places:
            while at < end and (term := next(terms, None)) is not None:
                bounds.append((at, at + term.letters))
                at += term.letters
        return bounds


def see(text: str, lexicon: Lexicon, *, pieces: bool) -> Seen:
    """`text` has to be composed."""
    written = written_in(text)[:MOST_WORDS]
    terms = lexicon.terms_of(written)[:MOST_WORDS]
    heard = lexicon.hear(terms)
    groups = _places_of(_groups_of(heard.read))
    cut = heard.cut if pieces else {}
    length = sqrt(len(groups) + PIECE_WEIGHT**2 * sum(cut.values())) or 1.0
    return Seen(written, terms, heard.weights, groups, cut, 1 / length, heard.signals)


def _groups_of(read: list[str]) -> list[str]:
    pairs = [f"{one} {two}" for one, two in pairwise(read)]
    return [*read, *pairs, *(f"{pair} {three}" for pair, three in zip(pairs, read[2:], strict=False))]


def _places_of(groups: Sequence[str]) -> dict[str, int]:
    """The first of each, which is written last."""
    return dict(zip(reversed(groups), range(len(groups) - 1, -1, -1), strict=True))

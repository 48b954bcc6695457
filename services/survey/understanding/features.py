"""What a model sees of a text: its words and word groups, pieces of words, and what the lexicon says.

Shared by training and use, so that both see the same.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

from services.survey.understanding.lexicon import Lexicon, Term
from services.survey.understanding.words import pieces_of, places_in, written_in

PIECE_WEIGHT: Final = 0.5
# What nobody reads to the end tells nothing more.
MOST_WORDS: Final = 1_000

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """`groups`: of one to three neighbouring words, each once; `_all` repeats them. `cut`: the different words
    that are read in pieces as well. `signals`: the lexicon's. A group counts `scale` and a piece half of it, each time
    that it is in another word; together they have about length 1, so that long texts are not louder."""

    terms: Sequence[Term]
    weights: Sequence[float]
    groups: Collection[str]
    cut: Mapping[str, int]
    scale: float
    signals: Mapping[str, float]
    _all: Sequence[str]

    def features(self) -> dict[str, float]:
        """By name: a piece's begins with `~`, a signal's with `#`."""
        pieces = Counter(piece for word in self.cut for piece in pieces_of(word))
        counted = {piece: count * self.scale * PIECE_WEIGHT for piece, count in pieces.items()}
        return dict.fromkeys(self.groups, self.scale) | counted | dict(self.signals)

    def places(self) -> dict[str, Span]:
        """The words that each group covers where it stands first, first to last."""
        return dict(zip(reversed(self._all), reversed(_spans(len(self.terms))), strict=True))

    def bounds(self, text: str) -> tuple[list[int], list[int]]:
        """Where each word begins in the text, and where it ends."""
        begins: list[int] = []
        ends: list[int] = []
        terms = iter(self.terms)
        for start, end in places_in(text):
            at = start
            while at < end and (term := next(terms, None)) is not None:
                begins.append(at)
                at += term.letters
                ends.append(at)
        return begins, ends


def see(text: str, lexicon: Lexicon, *, pieces: bool) -> Seen:
    """`text` has to be composed."""
    terms = lexicon.terms_of(written_in(text))[:MOST_WORDS]
    heard = lexicon.hear(terms)
    named = _groups_of(heard.read)
    groups = dict.fromkeys(named)
    # In one order, whatever the seed of hashes: sums of floats depend on it.
    cut = {term.folded: term.cut for term in terms if term.cut} if pieces else {}
    length = sqrt(len(groups) + PIECE_WEIGHT**2 * sum(cut.values())) or 1.0
    return Seen(terms, heard.weights, groups, cut, 1 / length, heard.signals, named)


def _groups_of(read: Sequence[str]) -> list[str]:
    pairs = [f"{one} {two}" for one, two in zip(read, read[1:], strict=False)]
    return [*read, *pairs, *(f"{pair} {three}" for pair, three in zip(pairs, read[2:], strict=False))]


def _spans(words: int) -> list[Span]:
    """As `_groups_of` names them."""
    return [(at, at + size) for size in range(3) for at in range(words - size)]

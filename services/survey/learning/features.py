"""What an account's own model sees of a text: its words, neighbouring words and pieces of words, as numbered buckets.

Names are hashed (the "hashing trick", Weinberger et al. 2009), so a stored model holds no words of anybody.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final
from zlib import crc32

from services.survey.understanding.words import Word, composed, words_of

BUCKETS: Final = 2**18
_PIECES: Final = (2, 3, 4, 5)
# What nobody reads to the end tells nothing more.
MOST_WORDS: Final = 500
_LONGEST_WORD: Final = 40


@dataclass(frozen=True, slots=True)
class Seen:
    """`words` and `pieces`: how often each bucket occurs; `places`: bucket and span of each word and pair of words."""

    words: Mapping[int, int]
    pieces: Mapping[int, int]
    places: Sequence[tuple[int, int, int]]


def see(text: str) -> Seen:
    """`text` has to be composed, see `words.composed`."""
    words = words_of(text)[:MOST_WORDS]
    places = [(_bucket(word.folded), word.start, word.end) for word in words]
    pairs = [(_bucket(f"{first.folded} {second.folded}"), first.start, second.end) for first, second in pairwise(words)]
    ends = [_bucket(f"^ {words[0].folded}"), _bucket(f"{words[-1].folded} $")] if words else []
    pieces = (piece for word in words for piece in _pieces(_short(word)))
    return Seen(Counter([*(place[0] for place in (*places, *pairs)), *ends]), Counter(pieces), (*places, *pairs))


def _short(word: Word) -> str:
    return word.folded[:_LONGEST_WORD]


@lru_cache(20_000)
def _pieces(word: str) -> tuple[int, ...]:
    bounded = f"<{word}>"
    return tuple(
        _bucket("~" + bounded[at : at + size]) for size in _PIECES for at in range(max(0, len(bounded) - size + 1))
    )


def _bucket(name: str) -> int:
    return crc32(name.encode("utf-8", "surrogatepass")) % BUCKETS


__all__ = ["BUCKETS", "Seen", "composed", "see"]

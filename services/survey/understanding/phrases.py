"""Finding words and groups of words in a text, whatever their case and accents, in one pass.

A word ending in `*` stands for all words that begin so. Whole words only: "late" is not in "later", nor in "plate".
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Final, NamedTuple

from services.survey.understanding.met import Met
from services.survey.understanding.words import Span, places_of

# "Don't" is one word, "l'attente" are two.
_WORD: Final = re.compile(r"\w+(?:['’]t\b)?")
_PATTERN: Final = re.compile(r"\w+(?:['’]t\b)?\*?")
# The shortest beginning that `*` may follow.
SHORTEST_STEM: Final = 3
# How many words before it a denial reaches.
_REACH: Final = 2
_KNOWN_WORDS: Final = 2_000
# How German is written where the keys are missing.
_WITHOUT_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


class Tokens:
    """The words of a text, which has to be composed: `written` as they stand there, `folded` without case and
    accents."""

    def __init__(self, text: str) -> None:
        self.text: Final = text
        self.written: Final[Sequence[str]] = _WORD.findall(text)
        self.folded: Final = [*map(fold, self.written)]

    @cached_property
    def places(self) -> Sequence[Span]:
        return places_of(self.written, self.text)

    def words(self, found: "Found") -> str:
        """As they were written."""
        return self.text[self.places[found.first][0] : self.places[found.last][1]]


class Found(NamedTuple):
    """Words `first` to `last`, both included."""

    key: str
    first: int
    last: int


@dataclass(slots=True)
class _Node:
    """What may follow the words so far; `key`: what they are, if they are something."""

    key: str | None = None
    words: dict[str, "_Node"] = field(default_factory=dict)
    stems: dict[str, "_Node"] = field(default_factory=dict)


class _Start(NamedTuple):
    """What a word begins: `key` is what it means alone, if anything; `onward`: what may follow."""

    key: str | None
    onward: Sequence[_Node]


class Phrases:
    """Phrases by what they stand for. A phrase of several keys stands for the first."""

    def __init__(self, phrases: Mapping[str, Iterable[str]]) -> None:
        self._root: Final = _Node()
        self._met: Final = Met(self._start_with, _KNOWN_WORDS)
        for key, listed in phrases.items():
            for phrase in listed:
                for spelling in {phrase, phrase.translate(_WITHOUT_UMLAUTS)}:
                    self._add(key, words_in(spelling))

    def _add(self, key: str, words: Sequence[str]) -> None:
        node = self._root
        for word in words:
            following, name = (node.stems, word[:-1]) if word.endswith("*") else (node.words, word)
            node = following.setdefault(name, _Node())
        node.key = node.key or key

    def find(self, words: Sequence[str]) -> list[Found]:
        """In `Tokens.folded`, from left to right, the longest at each place, none overlapping."""
        found: list[Found] = []
        end = 0
        starts = [(at, start) for at, start in enumerate(map(self._met.__getitem__, words)) if start is not None]
        for at, (key, onward) in starts:
            if at < end:
                continue
            last = at
            if onward:
                further, last = _longest(onward, words, at)
                key = further if last > at else key
            if key is not None:
                found.append(Found(key, at, last))
                end = last + 1
        return found

    def _start_with(self, word: str) -> _Start | None:
        """None for most words."""
        nodes = [*_after(self._root, word)]
        if not nodes:
            return None
        key = next((node.key for node in nodes if node.key is not None), None)
        return _Start(key, [node for node in nodes if node.words or node.stems])


def _longest(nodes: Iterable[_Node], words: Sequence[str], at: int) -> tuple[str | None, int]:
    """What the word here leads to, and its last word; `at` itself where that is nothing."""
    best: tuple[str | None, int] = (None, at)
    for node in nodes:
        reached = (node.key, at)
        if at + 1 < len(words) and (node.words or node.stems):
            further = _longest(_after(node, words[at + 1]), words, at + 1)
            reached = further if further[0] is not None else reached
        if reached[0] is not None and (best[0] is None or reached[1] > best[1]):
            best = reached
    return best


def _after(node: _Node, word: str) -> Iterator[_Node]:
    exact = node.words.get(word)
    if exact is not None:
        yield exact
    if node.stems:
        for length in range(len(word), SHORTEST_STEM - 1, -1):
            stem = node.stems.get(word[:length])
            if stem is not None:
                yield stem


def words_in(phrase: str) -> list[str]:
    """The words of a phrase as they are looked for, with their `*`."""
    return [fold(word) for word in _PATTERN.findall(unicodedata.normalize("NFC", phrase))]


def fold(word: str) -> str:
    """Without case and accents."""
    return word.lower() if word.isascii() else _folded(word)


@lru_cache(2_000)
def _folded(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold().replace("’", "'"))
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def is_denied(words: Sequence[str], found: Found, negators: frozenset[str]) -> bool:
    """Whether a "not" or "never" stands right before it."""
    before = words[max(0, found.first - _REACH) : found.first]
    return any(word in negators or word.endswith("n't") for word in before)


def different(evidence: Sequence[str], most: int) -> tuple[str, ...]:
    """Each once, whatever its case, as it was written first."""
    if len(evidence) == 1:
        return tuple(evidence)
    shown: dict[str, str] = {}
    for words in evidence:
        shown.setdefault(words.casefold(), words)
    return tuple(shown.values())[:most]

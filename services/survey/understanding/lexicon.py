"""Words that carry a feeling, by language.

English is VADER's list (Hutto and Gilbert 2014), means of ten raters from -4 to 4. The other languages have lists of
Heed's own in `lexicons/`, from -3 to 3; a word ending in `*` stands for all words that begin so.
"""

import importlib.resources
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from math import sqrt
from pathlib import Path
from typing import Any, Final

import orjson

from services.survey.understanding.words import Word

_FOLDER: Final = Path(__file__).parent / "lexicons"
# The shortest stem that a list may end with `*`.
_SHORTEST_STEM: Final = 3
_BOOST: Final = 1.3
_DAMPEN: Final = 0.6
_NEGATE: Final = -0.7
# Where a sum of weights counts as much: VADER's own.
_HALF: Final = 15.0
_KNOWN_WORDS: Final = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """`turns`: words such as "but", after which the other side follows; what comes last weighs most."""

    language: str
    elides: bool
    exact: Mapping[str, float]
    stems: Mapping[str, float]
    negators: frozenset[str]
    boosters: frozenset[str]
    dampeners: frozenset[str]
    turns: frozenset[str]

    def weight(self, folded: str) -> float:
        """0 for words that carry none."""
        return _weight(self, folded)

    def weights(self, words: Sequence[Word], marks: Sequence[bool]) -> list[float]:
        """Of each word where it stands: stronger after "very", weaker after "a bit", turned round by a negation."""
        found: list[float] = []
        before = ""
        for word, mark in zip(words, marks, strict=True):
            weight = _weight(self, word.folded)
            if weight:
                weight *= _BOOST if before in self.boosters else _DAMPEN if before in self.dampeners else 1.0
                weight *= _NEGATE if mark else 1.0
            found.append(weight)
            before = word.folded
        return found

    def signals(self, words: Sequence[Word], weights: Sequence[float]) -> dict[str, float]:
        """What a model gets to know of it: the whole, what stands after the last turn, each side, and "nothing"."""
        good = sum(weight for weight in weights if weight > 0)
        bad = -sum(weight for weight in weights if weight < 0)
        last = 0.0
        for word, weight in zip(words, weights, strict=True):
            last = weight if word.folded in self.turns else last + weight
        return {
            "#all": _levelled(good - bad),
            "#last": _levelled(last),
            "#good": _levelled(good),
            "#bad": _levelled(bad),
            "#none": 0.0 if good or bad else 1.0,
        }


@lru_cache(_KNOWN_WORDS)
def _weight(lexicon: Lexicon, folded: str) -> float:
    found = lexicon.exact.get(folded)
    if found is not None:
        return found
    for length in range(len(folded), _SHORTEST_STEM - 1, -1):
        stem = lexicon.stems.get(folded[:length])
        if stem is not None:
            return stem
    return 0.0


def _levelled(total: float) -> float:
    return total / sqrt(total * total + _HALF)


@cache
def lexicon_of(language: str) -> Lexicon | None:
    """Of `de`, not of `de-AT`. None for a language that has none."""
    path = _FOLDER / f"{language}.json"
    if not path.is_file():
        return None
    parsed: dict[str, Any] = orjson.loads(path.read_bytes())
    weights = dict(_vader()) if language == "en" else dict(_signs())
    for value, entries in parsed.get("weights", {}).items():
        weights |= dict.fromkeys(entries.split(), float(value))
    return Lexicon(
        language=language,
        elides=parsed.get("elides", False),
        exact={entry: weight for entry, weight in weights.items() if not entry.endswith("*")},
        stems={entry[:-1]: weight for entry, weight in weights.items() if entry.endswith("*")},
        **{name: frozenset(parsed[name].split()) for name in ("negators", "boosters", "dampeners", "turns")},
    )


@cache
def languages() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json") if path.stem != "signs"))


@cache
def _signs() -> dict[str, float]:
    """Smileys and emoji, which are the same everywhere."""
    parsed: dict[str, str] = orjson.loads((_FOLDER / "signs.json").read_bytes())
    return {sign: float(value) for value, signs in parsed.items() for sign in signs.split()}


@cache
def _vader() -> dict[str, float]:
    lines = (importlib.resources.files("vaderSentiment") / "vader_lexicon.txt").read_text("utf-8").splitlines()
    rated = (line.split("\t") for line in lines if "\t" in line)
    return {columns[0].casefold(): float(columns[1]) for columns in rated} | _signs()

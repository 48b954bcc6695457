"""Which language a text is written in.

Naive Bayes over groups of one to three letters (Cavnar and Trenkle 1994; Shuyo 2010) and the commonest words, among
the seven languages that there is a lexicon for and a handful that stand for all others. What the sender declares counts
first: it takes clear words of another language to overrule it. docs/guides/understanding.md says how often it is right.
"""

import gzip
import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from services.survey.understanding.met import Met

_FILE: Final = Path(__file__).parent / "models" / "languages.json.gz"
_ASIDE: Final = re.compile(r"https?://\S+|www\.\S+|\S*[@#]\S*")
_WORD: Final = re.compile(r"[^\W\d_]+")
# The Latin letters stand before the Greek and, with two accents, in a block of their own.
_NOT_LATIN: Final = re.compile("[\u0370-\u1dff\u1f00-\U0010ffff]")
GROUPS: Final = (1, 2, 3)
# Enough to know a language by; the rest of a long text tells nothing new.
_MOST_WORDS: Final = 40
_LONGEST_WORD: Final = 20
# Fewer letters than these say little: "super", "ok", "no comment".
_FEWEST_LETTERS: Final = 15
# How far the best has to be ahead of the next, in logarithms; no chance, since groups of letters repeat each other.
CLEAR: Final = 4.0
# Nothing was declared and the text is short, so that a mistake is likelier.
_VERY_CLEAR: Final = 8.0
# So much a text has to speak for a language that Heed does not read, or against the one that was declared.
_OTHERS: Final = 8.0
_DECLARED: Final = 6.0
# Most texts are clear after a few words.
_FIRST_WORDS: Final = 10
_BEYOND_DOUBT: Final = 25.0
_KNOWN_WORDS: Final = 10_000


class Detected(NamedTuple):
    """`language` as declared if that holds, such as `pt-BR`, else two letters; None for one that Heed does not read
    or cannot tell. `certain`: the text itself says so."""

    language: str | None
    certain: bool


@dataclass(frozen=True, slots=True)
class Model:
    """`languages`: those that are told apart, the first `ours` of them by name. `weights`: by group of letters, how
    much it speaks for each language."""

    version: str
    languages: tuple[str, ...]
    ours: int
    weights: Mapping[str, Sequence[float]]


def detect(text: str, hint: str | None) -> Detected:
    """`hint`: the language that the sender declares."""
    words = _words_of(text[: _MOST_WORDS * _LONGEST_WORD].casefold())
    letters = sum(map(len, words))
    if not letters:
        return Detected(hint, certain=False)
    declared = hint.split("-")[0].lower() if hint else None
    if not _is_latin(words):
        ours = declared in bundled().languages[: bundled().ours]
        return Detected(None if ours else hint, certain=True)
    best, ahead = _best(words[:_FIRST_WORDS], declared)
    if ahead < _BEYOND_DOUBT and len(words) > _FIRST_WORDS:
        best, ahead = _best(words, declared)
    if best == declared:
        return Detected(hint, certain=letters >= _FEWEST_LETTERS and ahead >= CLEAR)
    if ahead < (CLEAR if letters >= _FEWEST_LETTERS else _VERY_CLEAR):
        return Detected(hint, certain=False)
    if best is None and hint is not None and declared not in bundled().languages:
        return Detected(hint, certain=True)
    return Detected(best, certain=True)


def _words_of(text: str) -> Sequence[str]:
    if "@" in text or "#" in text or "://" in text or "www." in text:
        text = _ASIDE.sub(" ", text)
    return _WORD.findall(text)[:_MOST_WORDS]


def _best(words: Sequence[str], declared: str | None) -> tuple[str | None, float]:
    """The likeliest language, None for all that are not ours, and how far it is ahead of the next."""
    model = bundled()
    scores = [
        *map(
            sum,
            zip(_before(declared if declared in model.languages else None), *map(_met.__getitem__, words), strict=True),
        )
    ]
    others = max(scores[model.ours :])
    (next_best, _), (best, language) = sorted(zip(scores[: model.ours], model.languages, strict=False))[-2:]
    if others > best:
        return None, others - best
    return language, best - max(next_best, others)


@cache
def _before(declared: str | None) -> Sequence[float]:
    """What speaks for each language before a word is read."""
    model = bundled()
    scores = [0.0] * model.ours + [-_OTHERS] * (len(model.languages) - model.ours)
    if declared is not None:
        scores[model.languages.index(declared)] += _DECLARED
    return scores


def _speaks(word: str) -> "array[float]":
    """How much one word speaks for each language."""
    weights = bundled().weights
    found = [weights[group] for group in groups_of(word[:_LONGEST_WORD]) if group in weights]
    return array("d", map(sum, zip(*found, strict=True)) if found else [0.0] * len(bundled().languages))


_met: Final = Met(_speaks, _KNOWN_WORDS)


def groups_of(word: str) -> list[str]:
    """Its groups of letters, and itself; the space before and after it counts as a letter."""
    bounded = f" {word} "
    return [bounded, *(bounded[at : at + size] for size in GROUPS for at in range(len(bounded) - size + 1))]


def _is_latin(words: Sequence[str]) -> bool:
    """Whether most of it is."""
    letters = "".join(words)
    return letters.isascii() or 2 * len(_NOT_LATIN.findall(letters)) < len(letters)


@cache
def bundled() -> Model:
    parsed: dict[str, Any] = orjson.loads(gzip.decompress(_FILE.read_bytes()))
    weights = dict(zip(parsed["groups"], map(tuple, parsed["weights"]), strict=True))
    return Model(parsed["version"], tuple(parsed["languages"]), parsed["ours"], weights)

"""Words that carry a feeling, by language.

English is VADER's list (Hutto and Gilbert 2014), means of ten raters from -4 to 4. The other languages have lists of
Heed's own in `lexicons/`, from -3 to 3; a word ending in `*` stands for all words that begin so.
"""

import importlib.resources
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain
from math import sqrt
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson

from services.survey.understanding.met import Met
from services.survey.understanding.words import folded, pieces_of

_FOLDER: Final = Path(__file__).parent / "lexicons"
# The shortest stem that a list may end with `*`.
_SHORTEST_STEM: Final = 3
_BOOST: Final = 1.3
_DAMPEN: Final = 0.6
_NEGATE: Final = -0.7
# Where a sum of weights counts as much: VADER's own.
_HALF: Final = 15.0
# Of each language.
_KNOWN_WORDS: Final = 5_000
_ELISION: Final = re.compile(r"(?:[cdjlmnst]|qu|un|dell|all|dall|nell|sull|quest)'(?=\w{2})")
_REACH: Final = 4
_NO_LANGUAGES: Final = frozenset({"signs", "emoji"})
_ENDS: Final = frozenset('.,;:!?()"«»—…')
_PREFIX: Final = "not_"


class Term(NamedTuple):
    """A word as a lexicon has it. `folded`: in one spelling; `letters`: how many were written.

    `weight`: what it carries by itself. `factor`: how much it strengthens the next, or weakens it. `negates`: those
    after it are turned round, up to a word that `ends` the clause. `turns`: what comes last weighs most. `pieces`:
    how many it has, 0 for what is no word.
    """

    folded: str
    letters: int
    weight: float
    factor: float
    negates: bool
    ends: bool
    turns: bool
    pieces: int


class Heard(NamedTuple):
    """A text as a lexicon has it: its words as a model reads them, "not_good" being another than "good"; the weight of
    each where it stands; the different ones that can be cut, with their numbers of pieces; and what a model gets to
    know of it: the whole, what stands after the last turn, each side, and "nothing"."""

    read: list[str]
    weights: list[float]
    cut: dict[str, int]
    signals: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """`turns`: words such as "but", after which the other side follows; what comes last weighs most. `elides`: the
    language writes short words onto the next (j'adore), which are told apart."""

    language: str
    elides: bool
    exact: Mapping[str, float]
    stems: Mapping[str, float]
    negators: frozenset[str]
    boosters: frozenset[str]
    dampeners: frozenset[str]
    turns: frozenset[str]
    _met: "Met[Sequence[Term]]" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_met", Met(self._terms_of, _KNOWN_WORDS))

    def terms_of(self, written: Iterable[str]) -> list[Term]:
        """Of `words.written_in`."""
        return list(chain.from_iterable(map(self._met.__getitem__, written)))

    def hear(self, terms: Sequence[Term]) -> Heard:
        """A weight is stronger after "very", weaker after "a bit", and turned round in the reach of a negation: the
        four words after it, up to a mark or a "but"."""
        read: list[str] = []
        weights: list[float] = []
        cut: dict[str, int] = {}
        good = bad = last = 0.0
        reach, before = 0, 1.0
        for word, _, weight, factor, negates, ends, turns, pieces in terms:
            if ends:
                reach = 0
            turned = reach > 0 and not negates
            if weight:
                weight *= before
                weight *= _NEGATE if turned else 1.0
                if weight > 0:
                    good += weight
                else:
                    bad -= weight
            read.append(_PREFIX + word if turned and pieces else word)
            weights.append(weight)
            if pieces:
                cut[word] = pieces
            last = weight if turns else last + weight
            reach = _REACH if negates else reach - 1
            before = factor
        signals = {
            "#all": levelled(good - bad),
            "#last": levelled(last),
            "#good": levelled(good),
            "#bad": levelled(bad),
            "#none": 0.0 if good or bad else 1.0,
        }
        return Heard(read, weights, cut, signals)

    def _terms_of(self, written: str) -> Sequence[Term]:
        """Two for an elision and its word, else one."""
        word = folded(written)
        short = _ELISION.match(word) if self.elides else None
        if short is None:
            return (self._term(word, len(written)),)
        letters = short.end()
        return (self._term(word[:letters], letters), self._term(word[letters:], len(written) - letters))

    def _term(self, word: str, letters: int) -> Term:
        negates, turns = word in self.negators or word.endswith("n't"), word in self.turns
        return Term(
            word,
            letters,
            self.weight(word),
            _BOOST if word in self.boosters else _DAMPEN if word in self.dampeners else 1.0,
            negates,
            not negates and (turns or word[0] in _ENDS),
            turns,
            len(pieces_of(word)) if word[0].isalpha() else 0,
        )

    def weight(self, word: str) -> float:
        """0 for words that carry none."""
        found = self.exact.get(word)
        if found is not None:
            return found
        for length in range(len(word), _SHORTEST_STEM - 1, -1):
            stem = self.stems.get(word[:length])
            if stem is not None:
                return stem
        return 0.0


def levelled(total: float) -> float:
    """Between -1 and 1."""
    return total / sqrt(total * total + _HALF)


@cache
def lexicon_of(language: str) -> Lexicon | None:
    """Of `de`, not of `de-AT`. None for a language that has none."""
    path = _FOLDER / f"{language}.json"
    if language in _NO_LANGUAGES or not path.is_file():
        return None
    parsed: dict[str, Any] = orjson.loads(path.read_bytes())
    weights = {**(weights_of_english() if language == "en" else {}), **weights_in("signs")}
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
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json") if path.stem not in _NO_LANGUAGES))


@cache
def weights_in(name: str) -> Mapping[str, float]:
    """Of a list that is the same for all languages: `signs`, smileys and emoji as models have learnt them, or `emoji`,
    which texts of nothing else are read by."""
    parsed: dict[str, str] = orjson.loads((_FOLDER / f"{name}.json").read_bytes())
    return {sign: float(value) for value, signs in parsed.items() for sign in signs.split()}


@cache
def weights_of_english() -> Mapping[str, float]:
    """VADER's."""
    lines = (importlib.resources.files("vaderSentiment") / "vader_lexicon.txt").read_text("utf-8").splitlines()
    rated = (line.split("\t") for line in lines if "\t" in line)
    return {columns[0].casefold(): float(columns[1]) for columns in rated}

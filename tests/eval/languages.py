"""How the model of languages comes about, and how often it is right: declared rightly, wrongly, and not at all.

It is made of counts: how often each group of letters occurs in the Wikipedia of a language, as the package `langdetect`
brings them along (Shuyo 2010, Apache-2.0); and of the commonest words of the seven languages, a list of Heed's own.
Nothing is fitted, so nothing it is measured with was seen.
"""

import gzip
import importlib.resources
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import log
from pathlib import Path
from statistics import fmean
from typing import Any, Final

import orjson

from services.survey.understanding.languages import GROUPS, Model, detect
from services.survey.understanding.lexicon import languages
from tests.eval.datasets import SENTENCES, TWEET_LANGUAGES, dutch, sentences, tweets, tweets_in

VERSION: Final = "languages-1"
# Each stands for its neighbours.
OTHERS: Final = ("ca", "cs", "da", "fi", "hr", "hu", "id", "no", "pl", "ro", "sv", "tr")
# What one never saw: as rare as this among all groups of its length.
_NEVER: Final = 1e-5
# A group that is about as frequent everywhere tells nothing.
_LEAST_SPREAD: Final = 1.0
# How much a common word speaks for its languages.
_COMMON: Final = 6.0
_PLACES: Final = 2


@dataclass(frozen=True, slots=True)
class LanguageMark:
    """The share of texts whose language is found; for languages that Heed does not read, that it says so."""

    what: str
    undeclared: float
    declared: float | None
    misdeclared: float


def language_marks() -> Iterator[LanguageMark]:
    for language in TWEET_LANGUAGES:
        yield _mark(f"{language} tweets", language, [row.text for row in tweets(language, "val")])
    yield _mark("nl sentences of our own", "nl", [row.text for row in dutch()])
    for name in SENTENCES:
        yield _mark(f"en sentences: {name}", "en", [row.text for row in sentences(name)])
    for file in ("arabic", "hindi"):
        yield _mark(f"{file} tweets, as not read", None, tweets_in(file, "val"))


def _mark(what: str, language: str | None, texts: Sequence[str]) -> LanguageMark:
    def share(hint: str | None) -> float:
        return fmean(detect(text, hint).language == language for text in texts)

    other = "en" if language != "en" else "de"
    return LanguageMark(what, share(None), share(language) if language else None, share(other))


def train_languages() -> Model:
    ours = languages()
    named = (*ours, *OTHERS)
    counts = [_profile(language) for language in named]
    weights: dict[str, tuple[float, ...]] = {}
    for group in sorted({group for freq, _ in counts for group in freq if group == group.casefold()}):
        if len(group) not in GROUPS or not group.strip():
            continue
        rates = [log(freq.get(group, 0) / totals[len(group) - 1] + _NEVER) for freq, totals in counts]
        middle = sum(rates) / len(rates)
        if max(rates[: len(ours)]) - min(rates[: len(ours)]) >= _LEAST_SPREAD:
            weights[group] = tuple(round(rate - middle, _PLACES) for rate in rates)
    for word, spoken in _common_words().items():
        speaks = [_COMMON if language in spoken else 0.0 for language in named]
        middle = sum(speaks) / len(speaks)
        group = f" {word} "
        known = weights.get(group, (0.0,) * len(named))
        weights[group] = tuple(round(at + one - middle, _PLACES) for at, one in zip(known, speaks, strict=True))
    return Model(VERSION, named, len(ours), weights)


def _common_words() -> dict[str, set[str]]:
    """To the languages that they are common in."""
    parsed: dict[str, str] = orjson.loads((Path(__file__).parent / "fixtures" / "common_words.json").read_bytes())
    found: dict[str, set[str]] = {}
    for language, words in parsed.items():
        for word in words.split():
            found.setdefault(word, set()).add(language)
    return found


def packed_languages(model: Model) -> bytes:
    parsed = {
        "version": model.version,
        "languages": model.languages,
        "ours": model.ours,
        "groups": list(model.weights),
        "weights": list(model.weights.values()),
    }
    return gzip.compress(orjson.dumps(parsed), mtime=0)


@cache
def _profile(language: str) -> tuple[dict[str, int], Sequence[int]]:
    """Counts by group, and in all by length of the group."""
    file = importlib.resources.files("langdetect") / "profiles" / language
    parsed: dict[str, Any] = orjson.loads(file.read_bytes())
    return parsed["freq"], parsed["n_words"]

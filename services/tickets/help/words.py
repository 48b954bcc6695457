"""The pages' own words, in each language of `texts/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.tickets.articles.languages import best_of

FALLBACK: Final = "en"
_TEXTS: Final = Path(__file__).parent / "texts"

Words = Mapping[str, Any]


def words_in(locale: str) -> Words:
    return _all_words()[best_of(_all_words(), locale, FALLBACK) or FALLBACK]


def language_name(locale: str) -> str:
    """As its speakers call it; the tag itself for a language that the pages have no words in."""
    found = best_of(_all_words(), locale)
    return str(_all_words()[found]["language"]) if found is not None else locale


@cache
def _all_words() -> dict[str, Words]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(_TEXTS.glob("*.json"))}

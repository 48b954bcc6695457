"""What the page says, one file a language in `texts/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.tickets.articles.languages import best_of
from services.tickets.help.words import FALLBACK

_TEXTS: Final = Path(__file__).parent / "texts"


def language_of(*locales: str | None) -> str:
    """The language that the page speaks to who reads these, best first."""
    return best_of(_all_words(), *locales) or FALLBACK


def words_in(language: str) -> Mapping[str, Any]:
    return _all_words()[language]


@cache
def _all_words() -> dict[str, Mapping[str, Any]]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(_TEXTS.glob("*.json"))}

"""What the assistant says, in each language of `texts/`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson

from services.tickets.articles.languages import best_of

FALLBACK: Final = "en"
_TEXTS: Final = Path(__file__).parent / "texts"


def words_in(locale: str) -> Mapping[str, Any]:
    return _all_words()[best_of(_all_words(), locale, FALLBACK) or FALLBACK]


@cache
def _all_words() -> dict[str, Mapping[str, Any]]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(_TEXTS.glob("*.json"))}

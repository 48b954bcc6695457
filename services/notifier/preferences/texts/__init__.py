"""The page's words, one file a language. `VERSION` names them in the ledger: raise it when their meaning changes."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import orjson

VERSION: Final = "preferences-1"
_HERE: Final = Path(__file__).parent
_RIGHT_TO_LEFT: Final = frozenset({"ar"})


@cache
def texts_of(language: str) -> Mapping[str, str]:
    found: Mapping[str, str] = orjson.loads((_HERE / f"{language}.json").read_bytes())
    return found


@cache
def languages() -> frozenset[str]:
    return frozenset(path.stem for path in _HERE.glob("*.json"))


def language_of(locale: str) -> str:
    """`de-AT` reads `de`; who speaks a language that we have no words in, English."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in languages() else "en"


def direction_of(language: str) -> str:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"

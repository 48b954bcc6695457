"""The page's words, one file a language. `VERSION` names them in the ledger: raise it when their meaning changes."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from services.notifier.languages import nearest

VERSION: Final = "preferences-1"
_HERE: Final = Path(__file__).parent


@cache
def texts_of(language: str) -> Mapping[str, str]:
    found: Mapping[str, str] = orjson.loads((_HERE / f"{language}.json").read_bytes())
    return found


@cache
def languages() -> frozenset[str]:
    return frozenset(path.stem for path in _HERE.glob("*.json"))


def language_of(*locales: str | None) -> str:
    """The language that the page speaks to who reads these, best first."""
    return nearest(languages(), *(locale for locale in locales if locale))

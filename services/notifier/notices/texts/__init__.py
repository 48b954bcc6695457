"""The words of mails about sources and alerts, one file a language."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import orjson

from services.notifier.languages import nearest

_HERE: Final = Path(__file__).parent


@cache
def words_of(language: str) -> Mapping[str, str]:
    found: Mapping[str, str] = orjson.loads((_HERE / f"{language}.json").read_bytes())
    return found


@cache
def languages() -> frozenset[str]:
    return frozenset(path.stem for path in _HERE.glob("*.json"))


def words_for(locale: str) -> Mapping[str, str]:
    """As the people of an account read them that has this locale."""
    return words_of(nearest(languages(), locale))

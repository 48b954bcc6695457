"""Which of the languages that there are words in somebody reads, and in which direction."""

from collections.abc import Collection
from typing import Final, Literal

_RIGHT_TO_LEFT: Final = frozenset({"ar"})


def nearest(available: Collection[str], *locales: str) -> str:
    """Of the first locale that there are words for: `de-AT` reads `de`. If there are none for any, English."""
    languages = (locale.replace("_", "-").split("-")[0].lower() for locale in locales)
    return next((language for language in languages if language in available), "en")


def direction_of(language: str) -> Literal["ltr", "rtl"]:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"

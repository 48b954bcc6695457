"""Which of the languages that there are words in somebody reads, and in which direction."""

from collections.abc import Collection
from typing import Final, Literal

_RIGHT_TO_LEFT: Final = frozenset({"ar"})


def nearest(locale: str, available: Collection[str]) -> str:
    """`de-AT` reads `de`; who speaks a language that there are no words in, English."""
    language = locale.replace("_", "-").split("-")[0].lower()
    return language if language in available else "en"


def direction_of(language: str) -> Literal["ltr", "rtl"]:
    return "rtl" if language in _RIGHT_TO_LEFT else "ltr"

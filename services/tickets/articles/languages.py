"""How PostgreSQL reads the words of each language, and which language of an article somebody gets."""

from collections.abc import Iterable
from typing import Final

# PostgreSQL's own text search configurations (https://www.postgresql.org/docs/15/textsearch-dictionaries.html).
_CONFIGURATIONS: Final = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nb": "norwegian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "tr": "turkish",
}


def configuration_of(locale: str) -> str:
    """`simple` takes words as they are, for languages whose endings nobody here knows."""
    return _CONFIGURATIONS.get(locale.partition("-")[0], "simple")


def best_of(available: Iterable[str], *wanted: str | None) -> str | None:
    """The first of `wanted` that there is, as it is written or as its language; None if there is none of them."""
    known = sorted(available)
    by_language = {locale.partition("-")[0]: locale for locale in reversed(known)}
    for one in wanted:
        if one is None:
            continue
        if one in known:
            return one
        if (found := by_language.get(one.partition("-")[0].lower())) is not None:
            return found
    return None

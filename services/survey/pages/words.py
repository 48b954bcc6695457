"""The page's own words, in each language of `texts/`, and the language that a visitor gets."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import Request

from services.survey.definition.texts import best_locale, in_locale
from shared.http.languages import accepted_languages

FALLBACK: Final = "en"
_TEXTS = Path(__file__).parent / "texts"

Words = Mapping[str, Any]


def words_in(locale: str) -> Words:
    return in_locale(_all_words(), locale, FALLBACK)


def language_name(locale: str) -> str:
    """As its speakers call it; the tag itself for a language that the page has no words in."""
    words = _all_words().get(locale) or _all_words().get(locale.split("-")[0])
    return str(words["language"]) if words else locale


def page_locale(request: Request, locales: Sequence[str] | None, *preferred: str, chosen: Sequence[str] = ()) -> str:
    """As `chosen` on the page, else by `?lang=`, else as `preferred`, else by the browser, else the survey's first.

    It is one that the survey is written in (`locales`); without a survey, one that the page has words in.
    """
    wanted = [*chosen, request.query_params.get("lang"), *preferred, *accepted_languages(request)]
    if locales is None:
        return best_locale(_all_words(), *wanted, FALLBACK)
    return best_locale(dict.fromkeys(locales), *wanted, locales[0])


@cache
def _all_words() -> dict[str, Words]:
    return {path.stem: orjson.loads(path.read_bytes()) for path in sorted(_TEXTS.glob("*.json"))}

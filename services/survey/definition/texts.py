"""Words in several languages, and the names that stay the same in all of them."""

from collections.abc import Mapping
from typing import Annotated, TypeVar

from pydantic import Field, StringConstraints

# What a question, a page, a variable is called in answers, conditions and metrics; never translated.
Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# A language tag as in BCP 47, such as `de` or `pt-BR`.
Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
MOST_LOCALES = 50

_Words = Annotated[str, StringConstraints(min_length=1, max_length=2_000)]
_Label = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# By locale: {"en": "How was it?", "de": "Wie war es?"}. `{{question.name}}` is filled in (see `piping.py`).
Text = Annotated[dict[Locale, _Words], Field(min_length=1, max_length=MOST_LOCALES)]
Label = Annotated[dict[Locale, _Label], Field(min_length=1, max_length=MOST_LOCALES)]

T = TypeVar("T")


def best_locale(texts: Mapping[str, T], *wanted: str | None) -> str:
    """The first wanted locale that there are texts in, with its region or without; else any that there is."""
    for locale in wanted:
        for tag in (locale, locale.split("-")[0]) if locale else ():
            if tag in texts:
                return tag
    return next(iter(texts))


def in_locale(texts: Mapping[str, T], *wanted: str | None) -> T:
    return texts[best_locale(texts, *wanted)]

"""What a survey asks. A question's `key` names it in answers; its texts stand beside each other by locale."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeVar

from pydantic import Field, TypeAdapter

from shared.contracts.ratings import RatingScheme
from shared.http.schemas import Model

Key = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
# A language tag as in BCP 47, such as `de` or `pt-BR`.
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Direction = Literal["high_is_good", "high_is_bad"]
Title = Annotated[str, Field(min_length=1, max_length=500)]
Label = Annotated[str, Field(min_length=1, max_length=60)]

T = TypeVar("T")


class RatingTexts(Model):
    title: Title
    low_label: Label
    high_label: Label


class TextTexts(Model):
    title: Title


class RatingQuestion(Model):
    """A whole number from `minimum` to `maximum`. `direction` says what a high number means: for an effort score
    `high_is_good` reads "it was easy", `high_is_bad` "it was hard"; the latter is turned round before it is counted."""

    type: Literal["rating"]
    key: Key
    required: bool
    scheme: RatingScheme
    minimum: int
    maximum: int
    direction: Direction
    texts: dict[Locale, RatingTexts]


class TextQuestion(Model):
    """Free text of at most `longest` characters."""

    type: Literal["text"]
    key: Key
    required: bool
    longest: int
    texts: dict[Locale, TextTexts]


Question = Annotated[RatingQuestion | TextQuestion, Field(discriminator="type")]
QUESTIONS: TypeAdapter[tuple[Question, ...]] = TypeAdapter(tuple[Question, ...])


def best_locale(texts: Mapping[str, T], *wanted: str | None) -> str:
    """The first wanted locale that there are texts in, with its region or without; else any that there is."""
    for locale in wanted:
        for tag in (locale, locale.split("-")[0]) if locale else ():
            if tag in texts:
                return tag
    return next(iter(texts))


def in_locale(texts: Mapping[str, T], *wanted: str | None) -> T:
    return texts[best_locale(texts, *wanted)]

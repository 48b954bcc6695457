"""What a survey's logic can ask about an attempt to answer it.

A condition is a tree: `{"all": [...]}`, `{"any": [...]}`, `{"not": {...}}`, or a comparison of one thing the attempt
knows with a value or with another such thing.
"""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, JsonValue, StringConstraints, Tag, model_validator

from shared.http.schemas import Model

# Something an attempt knows: `question.score`, an item of a question that has several (`question.quality.speed`), a
# `variable.total`, a hidden field `hidden.plan`, or `response.language` and `response.channel`.
Reference = Annotated[
    str,
    StringConstraints(
        pattern=r"^(question\.[a-z][a-z0-9_]{0,63}(\.[a-z0-9][a-z0-9_-]{0,63})?|(variable|hidden)\.[a-z][a-z0-9_]{0,63}"
        r"|response\.(language|channel))$"
    ),
]

# These stand alone; all others take a `value` or an `other`.
ALONE = frozenset({"is_answered", "is_skipped", "is_true", "is_false"})
Operator = Literal[
    "is_answered",
    "is_skipped",
    "is_true",
    "is_false",
    "equals",
    "not_equals",
    "less",
    "at_most",
    "greater",
    "at_least",
    "between",
    "before",
    "after",
    "contains",
    "not_contains",
    "starts_with",
    "ends_with",
    "matches",
    "is_one_of",
    "is_none_of",
    "includes_any",
    "includes_all",
    "includes_none",
    "count_at_least",
    "count_at_most",
    "length_at_least",
    "length_at_most",
]
DEEPEST = 8
MOST_PARTS = 50


class Comparison(Model):
    """Not met, rather than an error, if the thing has no value or one of another type; `is_skipped` is met then.

    `between` takes `[lowest, highest]`, both included; `is_one_of` and `includes_*` take lists; `before` and `after`
    take a date or `today`; `matches` takes an RE2 pattern that must fit the whole text.
    """

    subject: Reference
    operator: Operator
    value: JsonValue = None
    other: Reference | None = None

    @model_validator(mode="after")
    def has_one_right_side(self) -> Self:
        given = (self.value is not None) + (self.other is not None)
        wanted = 0 if self.operator in ALONE else 1
        if given != wanted:
            raise ValueError(f"`{self.operator}` takes {'one of `value` and `other`' if wanted else 'no value'}")
        return self


class _Tree(Model):
    @model_validator(mode="after")
    def is_not_too_deep(self) -> Self:
        if _depth(self) > DEEPEST:
            raise ValueError(f"conditions nest at most {DEEPEST} deep")
        return self


class All(_Tree):
    all: Annotated[list["Condition"], Field(min_length=1, max_length=MOST_PARTS)]


class Any(_Tree):
    any: Annotated[list["Condition"], Field(min_length=1, max_length=MOST_PARTS)]


class Not(_Tree):
    not_: Annotated["Condition", Field(alias="not")]

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)


def _kind(condition: object) -> str:
    """By the one key that only this kind has, so that a mistake is told once and not for each kind there is."""
    for kind in (All, Any, Not):
        if isinstance(condition, kind) or (isinstance(condition, dict) and kind.__name__.lower() in condition):
            return kind.__name__
    return Comparison.__name__


Condition = Annotated[
    Annotated[Comparison, Tag("Comparison")]
    | Annotated[All, Tag("All")]
    | Annotated[Any, Tag("Any")]
    | Annotated[Not, Tag("Not")],
    Discriminator(_kind),
]
All.model_rebuild()
Any.model_rebuild()
Not.model_rebuild()


def _depth(condition: object) -> int:
    if isinstance(condition, Not):
        return 1 + _depth(condition.not_)
    parts = condition.all if isinstance(condition, All) else condition.any if isinstance(condition, Any) else ()
    return 1 + max(map(_depth, parts), default=0)

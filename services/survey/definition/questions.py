"""The types of question. A question's `key` names it in answers; an option's `id` names it whatever the language."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, PlainSerializer, StringConstraints

from services.survey.definition.conditions import Condition
from services.survey.definition.texts import Key, Label, Text
from shared.http.schemas import Model
from shared.sniffing import FileKind


def _json_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


# Exact, and few enough digits that every reader of JSON sees the same number.
Amount = Annotated[
    Decimal,
    Field(max_digits=15, decimal_places=6, allow_inf_nan=False),
    PlainSerializer(_json_number, return_type=int | float, when_used="json"),
]
# Stable: answers hold it, translations share it.
OptionId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
Style = Literal["numbers", "stars", "faces"]
Direction = Literal["high_is_good", "high_is_bad"]
MOST_OPTIONS = 200
LONGEST_SHORT, LONGEST_LONG = 500, 10_000


class Option(Model):
    """`exclusive`: chosen alone or not at all, such as "None of these"."""

    id: OptionId
    label: Label
    exclusive: bool = False


Options = Annotated[list[Option], Field(min_length=2, max_length=MOST_OPTIONS)]
Items = Annotated[list[Option], Field(min_length=1, max_length=MOST_OPTIONS)]


class Check(Model):
    """The answer is refused with `message` unless the condition holds; combine with `all` and `any`."""

    must: Condition
    message: Text


class QuestionBase(Model):
    """`show_when`: else it is not asked. `required_when` makes an optional one required."""

    key: Key
    title: Text
    description: Text | None = None
    required: bool = False
    show_when: Condition | None = None
    required_when: Condition | None = None
    checks: Annotated[list[Check], Field(max_length=20)] = Field(default_factory=list)


class Scale(QuestionBase):
    """A question with a row of scores from low to high."""

    low_label: Label | None = None
    high_label: Label | None = None


class NPS(Scale):
    """0..10, "how likely are you to recommend us" (Reichheld 2003)."""

    type: Literal["nps"]


class CSAT(Scale):
    """Satisfaction, 1..`points`; positive is the best of 2 or 3, the best two of more."""

    type: Literal["csat"]
    points: Literal[2, 3, 4, 5, 7, 10] = 5
    style: Style = "numbers"


class CES(Scale):
    """Effort, 1..`points`. `high_is_good` reads "it was easy", `high_is_bad` "it was hard", turned round to count."""

    type: Literal["ces"]
    points: Literal[5, 7] = 7
    direction: Direction


class CSIItem(Model):
    """One attribute of a satisfaction index. Weights are relative to each other."""

    id: OptionId
    label: Label
    weight: Annotated[Amount, Field(gt=0, le=1000)] = Decimal(1)


class CSI(Scale):
    """A satisfaction index: each item gets 1..`points`, or null for "does not apply" if that is allowed."""

    type: Literal["csi"]
    points: Literal[5, 7, 10] = 10
    items: Annotated[list[CSIItem], Field(min_length=2, max_length=30)]
    allow_not_applicable: bool = False


class Rating(Scale):
    """1..`points`, as stars, numbers or faces."""

    type: Literal["rating"]
    points: Annotated[int, Field(ge=2, le=10)] = 5
    style: Style = "stars"


class Single(QuestionBase):
    """One option's id; with `other`, `{"other": "in own words"}` too."""

    type: Literal["single"]
    options: Options
    other: bool = False
    shuffle: bool = False


class Multiple(QuestionBase):
    """A list of options' ids; with `other`, `{"other": "in own words"}` may be among them."""

    type: Literal["multiple"]
    options: Options
    other: bool = False
    shuffle: bool = False
    fewest: Annotated[int, Field(ge=0, le=MOST_OPTIONS)] = 0
    most: Annotated[int, Field(ge=1, le=MOST_OPTIONS)] | None = None


class Ranking(QuestionBase):
    """A list of options' ids, best first; `places` of them, or all."""

    type: Literal["ranking"]
    options: Options
    shuffle: bool = False
    places: Annotated[int, Field(ge=1, le=MOST_OPTIONS)] | None = None


class Matrix(QuestionBase):
    """By row, a column's id; with `several`, a list of them. Required: every row."""

    type: Literal["matrix"]
    rows: Items
    columns: Options
    several: bool = False


class Number(QuestionBase):
    """`places`: how many digits after the point; 0 takes whole numbers only."""

    type: Literal["number"]
    minimum: Amount | None = None
    maximum: Amount | None = None
    places: Annotated[int, Field(ge=0, le=6)] = 0
    unit: Label | None = None


class Date(QuestionBase):
    """`YYYY-MM-DD`, both ends included."""

    type: Literal["date"]
    earliest: date | Literal["today"] | None = None
    latest: date | Literal["today"] | None = None


class ShortText(QuestionBase):
    """One line. `pattern`: RE2, must fit the whole text."""

    type: Literal["short_text"]
    shortest: Annotated[int, Field(ge=0, le=LONGEST_SHORT)] = 0
    longest: Annotated[int, Field(ge=1, le=LONGEST_SHORT)] = 200
    pattern: Annotated[str, Field(max_length=500)] | None = None
    placeholder: Label | None = None


class LongText(QuestionBase):
    type: Literal["long_text"]
    shortest: Annotated[int, Field(ge=0, le=LONGEST_LONG)] = 0
    longest: Annotated[int, Field(ge=1, le=LONGEST_LONG)] = 5_000
    placeholder: Label | None = None


class Email(QuestionBase):
    type: Literal["email"]


class Phone(QuestionBase):
    """With the country, such as +4930123456, or national within `country` (ISO 3166)."""

    type: Literal["phone"]
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")] | None = None


class Consent(QuestionBase):
    """`true` or `false`; required means it must be given. With a `purpose` it goes into the consent ledger."""

    type: Literal["consent"]
    statement: Text
    purpose: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = None
    channel: Literal["email", "sms", "phone", "any"] = "any"


class File(QuestionBase):
    """A list of ids of files uploaded in this attempt."""

    type: Literal["file"]
    most: Annotated[int, Field(ge=1, le=10)] = 1
    megabytes: Annotated[int, Field(ge=1, le=20)] = 5
    kinds: Annotated[tuple[FileKind, ...], Field(min_length=1)] = ("image", "pdf")


class Statement(QuestionBase):
    """Words that ask nothing."""

    type: Literal["statement"]


Question = Annotated[
    NPS
    | CSAT
    | CES
    | CSI
    | Rating
    | Single
    | Multiple
    | Ranking
    | Matrix
    | Number
    | Date
    | ShortText
    | LongText
    | Email
    | Phone
    | Consent
    | File
    | Statement,
    Field(discriminator="type"),
]
# Those whose answer is a score that metrics count.
SCORED = (NPS, CSAT, CES, CSI, Rating)
Scored = NPS | CSAT | CES | CSI | Rating


def bounds(question: Scored) -> tuple[int, int]:
    """The lowest and the highest score; of an index, for each of its items."""
    return (0, 10) if isinstance(question, NPS) else (1, question.points)

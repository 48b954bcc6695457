"""Bodies of `/v1/surveys`."""

from datetime import datetime
from typing import Annotated, Literal, Self, get_args
from uuid import UUID

from pydantic import Field, model_validator

from services.survey.definition.document import Definition
from services.survey.definition.questions import Direction
from services.survey.definition.texts import Locale
from services.survey.surveys.models import SurveyState
from shared.http.schemas import Model, Moment, Name

SurveyKind = Literal["nps", "csat", "ces", "csi", "rating", "custom"]
# Those that need no definition: there is one in the box.
ReadyMadeKind = Literal["nps", "csat", "ces", "csi", "rating"]
READY_MADE: tuple[ReadyMadeKind, ...] = get_args(ReadyMadeKind)
# Where in the customer's journey this is asked, such as `delivery`: it becomes a dimension of the metrics.
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
CooldownDays = Annotated[int, Field(ge=0, le=365)]
ResponseLimit = Annotated[int, Field(ge=1, le=10_000_000)]
TemplateKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Title = Annotated[str, Field(min_length=1, max_length=2_000)]
Label = Annotated[str, Field(min_length=1, max_length=200)]
MOST_LOCALES = 50


class Wording(Model):
    """An account's own words in one language; what is left out keeps the ready-made text."""

    question: Title | None = None
    low_label: Label | None = None
    high_label: Label | None = None
    comment: Title | None = None

    def for_score(self) -> dict[str, str]:
        """As fields of a scored question."""
        given = {"title": self.question, "low_label": self.low_label, "high_label": self.high_label}
        return {name: text for name, text in given.items() if text is not None}

    def for_comment(self) -> dict[str, str]:
        """As fields of a question that takes text."""
        return {"title": self.comment} if self.comment is not None else {}


class NewSurvey(Model):
    """A name and a kind suffice, except for `custom`: `locale` is then the first language, `texts` gives own words by
    locale, and `direction` is for `ces`. Or a `template`, in the `locales` wanted; or a `definition` of your own.
    """

    name: Name
    # Left out, it is that of the template, or of the definition's leading score.
    kind: SurveyKind | None = None
    locale: Locale = "en"
    touchpoint: Slug | None = None
    journey_stage: Slug | None = None
    cooldown_days: CooldownDays | None = None
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    response_limit: ResponseLimit | None = None
    direction: Direction = "high_is_good"
    texts: dict[Locale, Wording] = Field(default_factory=dict, max_length=MOST_LOCALES)
    definition: Definition | None = None
    template: TemplateKey | None = None
    locales: Annotated[list[Locale], Field(max_length=MOST_LOCALES)] = Field(default_factory=list)

    @model_validator(mode="after")
    def only_effort_has_two_directions(self) -> Self:
        if self.direction == "high_is_bad" and self.kind != "ces":
            raise ValueError("direction `high_is_bad` is for kind `ces` only")
        return self

    @model_validator(mode="after")
    def says_what_it_asks_once(self) -> Self:
        if self.template is not None and (self.definition is not None or self.kind is not None):
            raise ValueError("a `template` brings its kind and its definition: give it alone")
        if self.template is None and self.locales:
            raise ValueError("`locales` are for a `template`")
        if self.definition is not None and self.model_fields_set & {"locale", "direction", "texts"}:
            raise ValueError("with a `definition` leave out `locale`, `direction` and `texts`: it has its own")
        if self.template is None and self.definition is None and self.kind not in READY_MADE:
            needs = "a survey needs a `kind`, a `template` or" if self.kind is None else "a survey of this kind needs"
            raise ValueError(f"{needs} a `definition`")
        return self


class SurveyChange(Model):
    """What is left out stays as it is. `opens_at`, `closes_at` and `response_limit` take effect at once, all else for
    respondents with the next publish.

    `definition` replaces all of it; `locale` makes one of its languages the first; `texts` rewords the score and the
    question `comment`.
    """

    # May be left out but not be null; a factory keeps the stand-in out of the OpenAPI document.
    name: Name = Field(default_factory=str)
    locale: Locale = Field(default_factory=str)
    touchpoint: Slug | None = None
    journey_stage: Slug | None = None
    cooldown_days: CooldownDays | None = None
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    response_limit: ResponseLimit | None = None
    texts: dict[Locale, Wording] = Field(default_factory=dict, max_length=MOST_LOCALES)
    definition: Definition = Field(default_factory=lambda: Definition.model_construct(pages=[]))


class SurveyOut(Model):
    """`published_version` is what respondents answer, null before the first publish. `version` is the ETag.

    A published survey takes answers from `opens_at` until before `closes_at`, up to `response_limit` completed ones.
    """

    id: UUID
    name: str
    kind: SurveyKind
    state: SurveyState
    version: int
    published_version: int | None
    locale: str
    touchpoint: str | None
    journey_stage: str | None
    cooldown_days: int | None
    opens_at: datetime | None
    closes_at: datetime | None
    response_limit: int | None
    built_in: str | None
    definition: Definition
    created_at: datetime
    updated_at: datetime


class VersionOut(Model):
    """What was published once, never changed again. Every response says which version it answers."""

    version: int
    name: str
    kind: SurveyKind
    touchpoint: str | None
    journey_stage: str | None
    published_at: datetime


class VersionDetail(VersionOut):
    definition: Definition


class ChangeOut(Model):
    """`pointer` into the later definition; of what was removed, into the earlier one."""

    change: Literal["added", "removed", "changed"]
    pointer: str
    detail: str


class ChangesOut(Model):
    """`to_version` is null for the working copy."""

    from_version: int
    to_version: int | None
    changes: list[ChangeOut]

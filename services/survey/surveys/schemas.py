"""Bodies of `/v1/surveys`."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.survey.surveys.models import SurveyState
from services.survey.surveys.questions import Direction, Label, Locale, Question, Title
from shared.http.schemas import Model, Name

SurveyKind = Literal["nps", "csat", "ces"]
# Where in the customer's journey this is asked, such as `delivery`: it becomes a dimension of the metrics.
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
CooldownDays = Annotated[int, Field(ge=0, le=365)]
MOST_LOCALES = 50


class Wording(Model):
    """An account's own words in one language; what is left out keeps the ready-made text."""

    question: Title | None = None
    low_label: Label | None = None
    high_label: Label | None = None
    comment: Title | None = None

    def for_score(self) -> dict[str, str]:
        """As fields of `RatingTexts`."""
        given = {"title": self.question, "low_label": self.low_label, "high_label": self.high_label}
        return {name: text for name, text in given.items() if text is not None}

    def for_comment(self) -> dict[str, str]:
        """As fields of `TextTexts`."""
        return {"title": self.comment} if self.comment is not None else {}


class NewSurvey(Model):
    """A name and a kind suffice. `direction` is for `ces` only; `texts` gives own words by locale."""

    name: Name
    kind: SurveyKind
    locale: Locale = "en"
    touchpoint: Slug | None = None
    journey_stage: Slug | None = None
    cooldown_days: CooldownDays | None = None
    direction: Direction = "high_is_good"
    texts: dict[Locale, Wording] = Field(default_factory=dict, max_length=MOST_LOCALES)

    @model_validator(mode="after")
    def only_effort_has_two_directions(self) -> Self:
        if self.direction == "high_is_bad" and self.kind != "ces":
            raise ValueError("direction `high_is_bad` is for kind `ces` only")
        return self


class SurveyChange(Model):
    """What is left out stays as it is. Takes effect for respondents with the next publish."""

    # May be left out but not be null; a factory keeps the stand-in out of the OpenAPI document.
    name: Name = Field(default_factory=str)
    locale: Locale = Field(default_factory=str)
    touchpoint: Slug | None = None
    journey_stage: Slug | None = None
    cooldown_days: CooldownDays | None = None
    texts: dict[Locale, Wording] = Field(default_factory=dict, max_length=MOST_LOCALES)


class SurveyOut(Model):
    """`published_version` is what respondents answer, null before the first publish. `version` is the ETag."""

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
    built_in: str | None
    questions: list[Question]
    created_at: datetime
    updated_at: datetime

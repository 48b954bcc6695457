"""Bodies of `/v1/replies`, `/v1/reply-templates` and `/v1/reply-policy`."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.survey.definition.texts import Locale
from shared.http.schemas import Model, Name

State = Literal["draft", "waiting", "queued", "posted", "pending", "refused", "rejected", "failed", "withdrawn"]
# Longer than any platform takes; what a platform takes stands in its capabilities.
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Points = Annotated[int, Field(ge=0, le=100)]


class NewReply(Model):
    """Own words, or a template's. `submit`: take it to the platform, or to whoever approves; else it stays a draft."""

    text: Text | None = None
    template_id: UUID | None = None
    submit: bool = True

    @model_validator(mode="after")
    def says_something(self) -> Self:
        if (self.text is None) == (self.template_id is None):
            raise ValueError("give either `text` or `template_id`")
        return self


class ReplyChange(Model):
    text: Text


class Refusal(Model):
    """Why a colleague's answer is not to go out."""

    reason: Annotated[str, Field(min_length=1, max_length=1_000)]


class ReplyOut(Model):
    """`reason` says why it was refused, rejected or failed. `limit`: how many characters the platform takes."""

    id: UUID
    version: int
    feedback_id: UUID
    source_id: UUID
    text: str
    state: State
    reason: str | None
    template_id: UUID | None
    written_by: str
    approved_by: str | None
    created_at: datetime
    updated_at: datetime
    posted_at: datetime | None


class Template(Model):
    """`{{name}}`, `{{business}}`, `{{product}}` and `{{order}}` are filled in; `{{name|there}}` has words for an
    unknown one. For reviews rated `lowest` to `highest` on 0 to 100."""

    name: Name
    locale: Locale
    text: Text
    lowest: Points = 0
    highest: Points = 100

    @model_validator(mode="after")
    def has_a_range(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError("`lowest` is above `highest`")
        return self


class TemplateOut(Template):
    id: UUID
    version: int
    created_at: datetime
    updated_at: datetime


class Suggestion(Model):
    """A template filled in for one review. `too_long_by`: the characters that the platform would not take."""

    template_id: UUID
    name: str
    text: str
    too_long_by: int


class Suggestions(Model):
    data: list[Suggestion]


class Policy(Model):
    """An answer to a review rated up to `approve_up_to` on 0 to 100 (50 is three stars of five), or to one without
    a rating, waits until somebody with `replies:write` approves it; null: no answer does."""

    approve_up_to: Points | None = 50

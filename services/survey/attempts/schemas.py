"""Bodies of `/v1/attempts`."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from services.survey.definition.texts import Key, Locale
from services.survey.responses.schemas import Channel, DimensionName, DimensionValue, SubmissionId
from services.survey.surveys.schemas import Slug
from shared.http.schemas import Model

AttemptState = Literal["displayed", "started", "dismissed", "completed", "screened_out"]
Milliseconds = Annotated[int, Field(ge=0, le=86_400_000)]
MOST_QUESTIONS = 500


class Observation(Model):
    """How far somebody came. `seen`: how long each question has been before their eyes so far, in milliseconds.

    `displayed`: the survey was shown. `started`: something was entered. `dismissed`: it was closed unfinished. That an
    attempt was completed, its response says.
    """

    survey_id: UUID
    submission_id: SubmissionId
    state: Literal["displayed", "started", "dismissed"]
    seen: Annotated[dict[Key, Milliseconds], Field(max_length=MOST_QUESTIONS)] = Field(default_factory=dict)
    last_question: Key | None = None
    channel: Channel = "api"
    touchpoint: Slug | None = None
    language: Locale | None = None
    dimensions: Annotated[dict[DimensionName, DimensionValue], Field(max_length=20)] = Field(default_factory=dict)


class QuestionSeen(Model):
    """`milliseconds` is null for a question that was answered without telling how long it took."""

    question: str
    state: Literal["seen", "answered", "skipped"]
    milliseconds: int | None


class AttemptOut(Model):
    """`last_question` is the one that was seen last: where people leave."""

    id: UUID
    survey_id: UUID
    survey_version: int
    submission_id: str
    state: AttemptState
    customer_id: UUID | None
    invitation_id: UUID | None
    channel: str
    touchpoint: str | None
    language: str | None
    dimensions: dict[str, str]
    questions: list[QuestionSeen]
    last_question: str | None
    suspicious: list[str]
    displayed_at: datetime
    started_at: datetime | None
    dismissed_at: datetime | None
    ended_at: datetime | None

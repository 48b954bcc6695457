"""Bodies of `/v1/responses`.

What comes in is strict: JSON types are taken as they are, a score of "9" or 9.0 is refused rather than understood.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.survey.definition.texts import Locale
from services.survey.surveys.schemas import Slug
from shared.http.schemas import Model

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MOST_ANSWERS = 100
MOST_DIMENSIONS = 20

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = re.compile(r"[\s().-]+")


def _email(value: str) -> str:
    value = value.strip().lower()
    if not _EMAIL.fullmatch(value):
        raise ValueError("is not an e-mail address, such as ana@example.com")
    return value


def _phone(value: str) -> str:
    value = _PHONE_PUNCTUATION.sub("", value)
    if not _PHONE.fullmatch(value):
        raise ValueError("is not a phone number with its country, such as +4930123456")
    return value


Email = Annotated[str, Field(max_length=254), AfterValidator(_email)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(_phone)]
SubmissionId = Annotated[str, Field(min_length=1, max_length=200)]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]
DimensionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DimensionValue = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200)]
PersonName = Annotated[str, Field(min_length=1, max_length=200)]


class Incoming(BaseModel):
    """Read from raw bytes. NUL characters are looked for in the bytes, once, not in each string (see `reading.py`)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CustomerNamed(Incoming):
    """Who answered. Any one field but `name` suffices; somebody new becomes a customer."""

    id: UUID | None = None
    external_id: ExternalId | None = None
    email: Email | None = None
    phone: Phone | None = None
    name: PersonName | None = None

    @model_validator(mode="after")
    def can_be_told_apart(self) -> Self:
        if self.id is None and self.external_id is None and self.email is None and self.phone is None:
            raise ValueError("give at least one of id, external_id, email, phone")
        return self


class NewAnswer(Incoming):
    question: Annotated[str, Field(min_length=1, max_length=64)]
    value: Any


class NewResponse(Incoming):
    """`submission_id` is yours: the same one for the same survey is the same response, however often it is sent."""

    survey_id: UUID
    submission_id: SubmissionId
    answers: Annotated[list[NewAnswer], Field(min_length=1, max_length=MOST_ANSWERS)]
    customer: CustomerNamed | None = None
    completed: bool = True
    channel: Channel = "api"
    touchpoint: Slug | None = None
    dimensions: Annotated[dict[DimensionName, DimensionValue], Field(max_length=MOST_DIMENSIONS)] = {}
    language: Locale | None = None
    occurred_at: Annotated[AwareDatetime, Field(ge=EARLIEST)] | None = None


class ResponseAccepted(BaseModel):
    """201 the first time; 200 and `duplicate` for a submission that is already stored: the first one stays."""

    id: UUID
    survey_id: UUID
    submission_id: str
    duplicate: bool


class ItemProblem(BaseModel):
    pointer: str
    code: str
    detail: str


class BulkItem(BaseModel):
    """`index` counts from 0. In a file it is the record's number, the CSV header not counted."""

    index: int
    status: Literal["created", "duplicate", "failed"]
    id: UUID | None
    errors: list[ItemProblem]


class BulkResult(BaseModel):
    """Good items are kept when others fail. `data` holds every item of a JSON call, the failed ones of a file."""

    received: int
    created: int
    duplicates: int
    failed: int
    data: list[BulkItem]


class AnswerOut(Model):
    question: str
    value: Any


class CustomerOut(Model):
    """How the sender named the customer; what was not given is null."""

    id: UUID | None = None
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None


class ResponseOut(Model):
    id: UUID
    survey_id: UUID
    survey_version: int
    submission_id: str
    invitation_id: UUID | None
    ticket_id: UUID | None
    customer: CustomerOut | None
    answers: list[AnswerOut]
    score: int | None
    completed: bool
    channel: str
    touchpoint: str | None
    dimensions: dict[str, str]
    language: str | None
    occurred_at: datetime
    received_at: datetime

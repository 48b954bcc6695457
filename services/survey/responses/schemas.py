"""Bodies of `/v1/responses`.

What comes in is strict: JSON types are taken as they are, a score of "9" or 9.0 is refused rather than understood.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from services.survey.definition.texts import Key, Locale
from services.survey.surveys.schemas import Slug
from shared.http.schemas import Model

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
MOST_ANSWERS = 100
MOST_DIMENSIONS = 20

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_PHONE_PUNCTUATION = re.compile(r"[\s().-]+")


def normal_email(value: str) -> str:
    value = value.strip().lower()
    if not _EMAIL.fullmatch(value):
        raise ValueError("is not an e-mail address, such as ana@example.com")
    return value


def normal_phone(value: str) -> str:
    value = _PHONE_PUNCTUATION.sub("", value)
    if not _PHONE.fullmatch(value):
        raise ValueError("is not a phone number with its country, such as +4930123456")
    return value


def _address(text: str | None) -> str | None:
    """Without what may be secret in it; None for what is no web address."""
    try:
        parts = urlsplit(text or "")
        named = [(name, value) for name, value in parse_qsl(parts.query) if name.startswith("utm_")]
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return None
        host = parts.hostname + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return None
    return urlunsplit((parts.scheme, host, parts.path, urlencode(named), ""))


Email = Annotated[str, Field(max_length=254), AfterValidator(normal_email)]
Phone = Annotated[str, Field(max_length=40), AfterValidator(normal_phone)]
SubmissionId = Annotated[str, Field(min_length=1, max_length=200)]
Channel = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_.-]{0,39}$")]
DimensionName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
DimensionValue = Annotated[str, StringConstraints(min_length=1, max_length=200)]
ExternalId = Annotated[str, Field(min_length=1, max_length=200)]
HiddenValue = Annotated[str, StringConstraints(max_length=200)]
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

    def named(self) -> dict[str, str | None]:
        """As it is stored, and travels."""
        return self.__dict__ | {"id": str(self.id) if self.id else None}


class NewAnswer(Incoming):
    question: Annotated[str, Field(min_length=1, max_length=64)]
    value: Any


class Source(Incoming):
    """Where it was filled in. Of an address, what stands behind `?` and `#` may be secret and is not kept, but for
    `utm_...`, which says which campaign somebody came by."""

    url: Annotated[str, Field(max_length=2_000)] | None = None
    referrer: Annotated[str, Field(max_length=2_000)] | None = None
    app: Annotated[str, Field(max_length=200)] | None = None

    def known(self) -> dict[str, str]:
        """As it is stored."""
        found = {"url": _address(self.url), "referrer": _address(self.referrer), "app": self.app}
        return {name: value for name, value in found.items() if value}


class NewResponse(Incoming):
    """`submission_id` is yours: the same one for the same survey is the same response, however often it is sent.

    A part (`completed: false`) holds all answers so far, and the next one with the same id takes its place, until one
    completes it. `left`: the pages that were filled in and left; given, Heed decides by them whether it is complete.
    `survey_version`: what was shown, if that is not the latest.
    """

    survey_id: UUID
    submission_id: SubmissionId
    answers: Annotated[list[NewAnswer], Field(max_length=MOST_ANSWERS)]
    customer: CustomerNamed | None = None
    completed: bool = True
    channel: Channel = "api"
    touchpoint: Slug | None = None
    dimensions: Annotated[dict[DimensionName, DimensionValue], Field(max_length=MOST_DIMENSIONS)] = {}
    language: Locale | None = None
    occurred_at: Annotated[AwareDatetime, Field(ge=EARLIEST)] | None = None
    survey_version: Annotated[int, Field(ge=1)] | None = None
    hidden: Annotated[dict[Key, HiddenValue], Field(max_length=50)] = {}
    source: Source | None = None
    left: Annotated[list[Key], Field(max_length=100)] | None = None

    @model_validator(mode="after")
    def says_something(self) -> Self:
        if not self.answers and self.completed and self.left is None:
            counted = {"min_length": 1, "actual_length": 0}
            raise PydanticCustomError("too_short", "needs answers", {"pointer": "/answers"} | counted)
        return self


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
    """`index` counts from 0. In a file it is the record's number, the CSV header not counted, and `line` is where the
    record begins, as an editor counts."""

    index: int
    line: int | None
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
    """`revision` counts parts and changes. `suspicious` says why it may not come from a person. One that is
    `screened_out` or `over_quota` (the quota that was full) is kept, but counts nowhere."""

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
    revision: int
    hidden: dict[str, str]
    variables: dict[str, str]
    ending: str | None
    screened_out: bool
    over_quota: str | None
    suspicious: list[str]
    anonymous: bool
    source: dict[str, str]
    changed_at: datetime | None

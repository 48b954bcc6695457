"""Imports of feedback in requests and answers."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints

from services.survey.entries.schemas import NewEntry, Number
from services.survey.hearing.canonical import RatingKind
from services.survey.responses.schemas import Channel
from shared.http.schemas import Model

ImportState = Literal["uploaded", "running", "finished", "cancelled", "failed"]
ColumnName = Annotated[str, Field(max_length=1_000)]
FieldName = Annotated[str, Field(max_length=100)]
Bound = Annotated[Number, Field(ge=-100, le=100)]
Origin = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
_SOME_DAY = datetime(2021, 12, 31, 23, 59, 58, tzinfo=UTC)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        raise ValueError("is no time zone such as Europe/Lisbon") from None
    return name


def _time_format(text: str) -> str:
    try:
        datetime.strptime(_SOME_DAY.strftime(text), text)  # noqa: DTZ007 - only whether it can be read
    except (ValueError, re.error):
        raise ValueError("is no format that a time could be read by") from None
    return text


TimeFormat = Annotated[str, Field(max_length=50), AfterValidator(_time_format)]


class Scale(Model):
    """What scores lie on; without bounds the kind's usual ones, as in `POST /v1/feedback`."""

    kind: RatingKind = "stars"
    minimum: Bound | None = None
    maximum: Bound | None = None


class Mapping(Model):
    """How lines are read. `columns` names a field for each column, null for columns to leave out; `text`,
    `customer.name` and `external_id` may be made of several columns. `origin` is where the ids are from: the same id of
    the same origin is the same feedback, in whatever file.

    `words` are scores that are written as words, such as `{"good": 1}`. `times` are formats as of `strptime`, tried
    after ISO 8601 and POSIX seconds; `timezone` is that of times that name none (UTC, if left out).
    """

    columns: dict[ColumnName, FieldName | None] = Field(max_length=200)
    origin: Origin = "file"
    kind: Literal["message", "survey", "review", "mention"] = "survey"
    channel: Channel = "import"
    scale: Scale = Scale()
    words: dict[Annotated[str, Field(max_length=100)], Number] = Field(default_factory=dict, max_length=50)
    times: list[TimeFormat] = Field(default_factory=list, max_length=5)
    timezone: Annotated[str, Field(max_length=64), AfterValidator(_zone)] | None = None


class Trial(Model):
    mapping: Mapping | None = Field(None, description="What was suggested, or used the last time, if left out.")


class Run(Trial):
    dry_run: bool = Field(False, description="Go through the file and say what would happen, and keep nothing.")


class Column(Model):
    """`field` is what it is mapped to, null for nothing; `samples` are the first cells that are not empty."""

    name: str
    field: str | None
    samples: list[str]


class ImportOut(Model):
    """`done` of `rows` lines have been looked at, `per_second` of them since it began; in a dry run nothing of what is
    counted was kept. `format` is the tool whose export it was taken for; `note` says why it failed."""

    id: UUID
    name: str | None
    format: str | None
    state: ImportState
    encoding: str
    delimiter: str | None
    dry_run: bool
    rows: int
    done: int
    per_second: float | None
    new: int
    edited: int
    same: int
    rejected: int
    version: int
    created_at: datetime
    created_by: str
    started_at: datetime | None
    moved_at: datetime | None
    ended_at: datetime | None
    note: str | None


class ImportDetail(ImportOut):
    mapping: Mapping
    columns: list[Column]


class LineProblem(Model):
    """A JSON Pointer into what was read, a stable code, and a sentence."""

    pointer: str
    code: str
    detail: str


class RejectionOut(Model):
    """A line of the file, counted from 1 with the header, and what is wrong with it."""

    line: int
    cells: list[str]
    errors: list[LineProblem]


class PreviewLine(Model):
    """What a line would become; null if it has `errors`. The same `external_id` is the same feedback."""

    line: int
    external_id: str | None
    feedback: NewEntry | None
    errors: list[LineProblem]


class Preview(Model):
    mapping: Mapping
    lines: list[PreviewLine]

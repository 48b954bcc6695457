"""Imports in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from services.customers.records.schemas import ItemProblem
from shared.http.schemas import Model

ImportState = Literal["uploaded", "running", "finished", "cancelled"]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]


class Run(Model):
    """`mapping` names a field for each column, null for columns to leave out: `email`, `phone`, `external_id`, `name`
    (or `first_name` and `last_name`), `locale`, `timezone`, `company`, `preferred_channel`, `attributes.<name>`."""

    mapping: dict[Annotated[str, Field(max_length=1_000)], Annotated[str, Field(max_length=100)] | None] | None = Field(
        None, max_length=200, description="What was suggested, or used the last time, if left out."
    )
    country: Country | None = Field(
        None, description="Of phone numbers without a country code (ISO 3166); as the last time, if left out."
    )
    dry_run: bool = Field(False, description="Go through the file and say what would happen, and keep nothing.")


class Column(Model):
    """`field` is what it is mapped to, null for nothing; `samples` are the first cells that are not empty."""

    name: str
    field: str | None
    samples: list[str]


class ImportOut(Model):
    """`done` of `rows` lines have been looked at; in a dry run nothing of what is counted was kept."""

    id: UUID
    name: str | None
    state: ImportState
    encoding: str
    delimiter: str | None
    country: str | None
    dry_run: bool
    rows: int
    done: int
    created: int
    updated: int
    rejected: int
    version: int
    created_at: datetime
    created_by: str
    started_at: datetime | None
    ended_at: datetime | None


class ImportDetail(ImportOut):
    columns: list[Column]


class RejectionOut(Model):
    """A line of the file, counted from 1 with the header, and what is wrong with it."""

    line: int
    cells: list[str]
    errors: list[ItemProblem]

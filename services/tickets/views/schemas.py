"""Views as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from services.tickets.listing.filters import Filters
from services.tickets.listing.sorting import NEWEST, Sort
from shared.http.schemas import Model, Name

Column = Annotated[str, StringConstraints(pattern=r"^(fields\.)?[a-z][a-z0-9_]{0,49}$")]
Columns = Annotated[list[Column], Field(max_length=50, description="Names of what a ticket has, `fields.order` too.")]
Position = Annotated[int, Field(ge=0, le=10_000, description="Where it stands in lists; the smallest comes first.")]


class NewView(Model):
    """`shared`: everybody sees it, else only you."""

    name: Name
    shared: bool = False
    filters: Filters = Field(default_factory=Filters)
    sort: Sort = NEWEST
    columns: Columns = Field(default_factory=list)
    position: Position = 0


class ViewPatch(Model):
    """What is left out stays as it is."""

    name: Name | None = None
    shared: bool | None = None
    filters: Filters | None = None
    sort: Sort | None = None
    columns: Columns | None = None
    position: Position | None = None

    @model_validator(mode="after")
    def refuse_null(self) -> "ViewPatch":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class ViewOut(Model):
    id: UUID
    name: str
    owner: str
    shared: bool
    filters: Filters
    sort: Sort
    columns: list[str]
    position: int
    version: int
    created_at: datetime
    updated_at: datetime


class CountOut(Model):
    """Exact unless `more`: there are that many, and others."""

    count: int
    more: bool

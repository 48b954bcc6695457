"""Bodies of `/v1/relabelings`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.survey.relabelings.models import RelabelingState
from shared.http.schemas import Model, Moment


class Filter(Model):
    """Only feedback of which all of this is true."""

    kind: Annotated[str, Field(max_length=40)] | None = None
    channel: Annotated[str, Field(max_length=40)] | None = None
    language: Annotated[str, Field(max_length=40)] | None = None
    survey_id: UUID | None = None


class NewRelabeling(Model):
    """Read again what was said in this time; without `from` from the beginning, without `to` until now."""

    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Annotated[Moment | None, Field(alias="to")] = None
    filter: Filter = Field(default_factory=Filter)


class RelabelingOut(Model):
    """`done` of `total` texts were read; `changed` got another label; `kept` had a label of a person, which stays."""

    id: UUID
    state: RelabelingState
    since: Annotated[datetime | None, Field(serialization_alias="from")]
    until: Annotated[datetime, Field(serialization_alias="to")]
    filter: Filter
    total: int
    done: int
    changed: int
    kept: int
    requested_by: str
    created_at: datetime
    ended_at: datetime | None

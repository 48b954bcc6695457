"""Bodies of `/v1/emerging-topics`."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.survey.definition.texts import Key
from services.survey.emerging.models import LookState, TopicState
from services.survey.taxonomy.document import Synonyms
from shared.http.schemas import Model, Name


class WeekCount(Model):
    """`week`: its Monday."""

    week: date
    count: int


class EmergingTopicOut(Model):
    """`name` are its key phrases, of which each stands in three texts or more. `examples`: ids of the most typical
    feedback. `adopted_as`: the key of the topic that was made of it."""

    id: UUID
    state: TopicState
    name: str
    phrases: list[str]
    size: int
    weeks: list[WeekCount]
    languages: dict[str, int]
    examples: list[UUID]
    adopted_as: str | None
    first_seen_at: datetime
    updated_at: datetime


class LookOut(Model):
    """The last look for emerging topics. `texts`: how many of the last 90 days had no topic, of which the latest 4,000
    are looked at. `note`: why it failed."""

    state: LookState
    texts: int
    note: str | None
    requested_at: datetime
    looked_at: datetime | None


class Adoption(Model):
    """What it shall be called in the list of topics, and below which topic. `synonyms`: the words that lead to it, as
    in `/v1/taxonomy`; without them its phrases, in any language."""

    key: Key
    name: Name
    parent: Annotated[Key | None, Field(description="A topic of the first level.")] = None
    synonyms: Annotated[Synonyms, Field(max_length=40, default_factory=dict)]

"""Attribute definitions in requests and answers."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from services.customers.records.schemas import AttributeName
from shared.http.schemas import Model, Name, ShortText

MOST_CHOICES = 200


class AttributeKind(StrEnum):
    """`date` is a day (`2026-03-01`), `time` a moment with its zone (RFC 3339); both travel as text."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    TIME = "time"
    CHOICE = "choice"


class Choice(Model):
    """`value` is stored and compared, `label` is read by people."""

    value: Name
    label: Name | None = None


Choices = Annotated[list[Choice], Field(max_length=MOST_CHOICES)]


def _different(choices: list[Choice]) -> None:
    if len({choice.value for choice in choices}) < len(choices):
        raise ValueError("two choices have the same value")


class NewAttribute(Model):
    """From now on every value of this attribute, whichever way it comes in, has to be one of its kind."""

    name: AttributeName
    kind: AttributeKind
    label: Name | None = Field(None, description="The name, if left out.")
    description: ShortText | None = None
    choices: Choices = Field(default_factory=list)

    @model_validator(mode="after")
    def choices_where_there_is_a_choice(self) -> "NewAttribute":
        if (self.kind is AttributeKind.CHOICE) != bool(self.choices):
            raise ValueError("an attribute of kind choice has `choices`, the others have none")
        _different(self.choices)
        return self


class AttributeChanges(Model):
    """What is left out stays. The kind stays for good: make another attribute. `choices` are all there are then."""

    label: Name | None = None
    description: ShortText | None = None
    choices: Choices | None = None

    @model_validator(mode="after")
    def different_choices(self) -> "AttributeChanges":
        _different(self.choices or [])
        return self


class AttributeOut(Model):
    """`misfits` counts customers whose present value is not of this kind; it stays until it is next changed. Null in
    lists."""

    id: UUID
    name: str
    kind: AttributeKind
    label: str
    description: str | None
    choices: list[Choice]
    misfits: int | None
    version: int
    created_at: datetime
    updated_at: datetime

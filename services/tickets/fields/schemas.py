"""Fields as they come in and go out."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.tickets.fields.values import WITH_CHOICES, Kind, Value
from shared.http.schemas import Model, Name

MOST_CHOICES = 200

Key = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,49}$")]
Values = Annotated[dict[Key, Value | None], Field(max_length=100)]
# Tickets come to new and open by themselves, and nobody who writes to you can be asked to fill in a form first.
Demanding = Literal["pending", "on_hold", "resolved", "closed"]
Position = Annotated[int, Field(ge=0, le=10_000, description="Where it stands in forms; the smallest comes first.")]
Required = Annotated[
    list[Demanding],
    Field(max_length=4, description="No ticket gets into one of these states without a value."),
    AfterValidator(lambda states: list(dict.fromkeys(states))),
]


class Choice(Model):
    """`value` is kept and compared, `label` is read by people."""

    value: Name
    label: Name | None = None


def _different(choices: list[Choice]) -> list[Choice]:
    if len({choice.value for choice in choices}) < len(choices):
        raise ValueError("two choices have the same value")
    return choices


Choices = Annotated[list[Choice], Field(max_length=MOST_CHOICES), AfterValidator(_different)]


class NewField(Model):
    """From now on tickets may have a value of this kind."""

    key: Key
    kind: Kind
    label: Name | None = Field(None, description="The key, if left out.")
    choices: Choices = Field(default_factory=list)
    required_in: Required = Field(default_factory=list)
    position: Position = 0

    @model_validator(mode="after")
    def choices_where_there_is_a_choice(self) -> "NewField":
        if (self.kind in WITH_CHOICES) != bool(self.choices):
            raise ValueError("a field of kind choice or choices has `choices`, the others have none")
        return self


class FieldPatch(Model):
    """What is left out stays as it is. The kind is for good: values of another would not fit. `choices` are all there
    are then; tickets keep what they have."""

    label: Name | None = None
    choices: Choices | None = None
    required_in: Required | None = None
    position: Position | None = None

    @model_validator(mode="after")
    def refuse_null(self) -> "FieldPatch":
        for name in self.model_fields_set:
            if getattr(self, name) is None:
                raise ValueError(f"{name} cannot be null; leave it out to keep it")
        return self


class FieldOut(Model):
    id: UUID
    key: str
    kind: Kind
    label: str
    choices: list[Choice]
    required_in: list[str]
    position: int
    version: int
    created_at: datetime
    updated_at: datetime

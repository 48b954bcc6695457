"""What every published event is made of."""

from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict


class ActorKind(StrEnum):
    """Who caused a fact."""

    HUMAN = "human"
    BOT = "bot"
    RULE = "rule"
    SYSTEM = "system"
    PARTNER = "partner"


class Payload(BaseModel):
    """The `data` of an event. Written strictly, read tolerantly: a reader ignores fields it does not know.

    Within `.v1` only optional fields are added; anything else is a new class with `.v2`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    TYPE: ClassVar[str]

    @classmethod
    def read(cls, data: dict[str, Any]) -> Self:
        """Parse what came over the wire; unknown fields are dropped. Raises `pydantic.ValidationError`."""
        return cls.model_validate(data, extra="ignore")


class Part(BaseModel):
    """A value inside a payload, under the same rules as the payload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

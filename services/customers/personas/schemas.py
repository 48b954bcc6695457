"""Personas in requests and answers."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, field_validator

from services.customers.segments.models import State
from shared.http.schemas import Model, Name, ShortText

MOST_LINES = 20

Lines = Annotated[list[Name], Field(max_length=MOST_LINES)]


class Picture(Model):
    """How it is told apart at a glance: one sign on one colour. No images: a page that shows it asks nobody else."""

    emoji: Annotated[str, Field(min_length=1, max_length=16, examples=["🧗"])]
    colour: Annotated[str, Field(pattern="^#[0-9a-f]{6}$", examples=["#2f6f4e"])]


class Persona(Model):
    """A segment as if it were one person: who they are, what they want, what troubles them, in their own words."""

    summary: ShortText
    goals: Lines = Field(default_factory=list)
    pains: Lines = Field(default_factory=list)
    quotes: Lines = Field(default_factory=list)
    picture: Picture | None = None


class NewPersona(Persona):
    """Of the lists, any may be empty; what they are about is said in the summary."""

    @field_validator("summary")
    @classmethod
    def says_something(cls, summary: str) -> str:
        if not summary.strip():
            raise ValueError("must not be empty: say in a sentence who they are")
        return summary.strip()


class LatestNps(Model):
    """From the last answer of each member who gave one in the last year. `insufficient`: too few to conclude from.

    `score` is promoters less detractors, in percent of `n`; null, never 0, if nobody answered.
    """

    score: float | None
    n: int
    promoters: int
    detractors: int
    insufficient: bool


class PersonaOut(Model):
    """`members` are counted live; while the segment is `building`, they are those found so far."""

    segment_id: UUID
    name: str
    persona: Persona
    members: int
    state: State
    nps: LatestNps

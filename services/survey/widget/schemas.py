"""Bodies that the widget's script sends. They come as text, so that browsers ask nobody for leave beforehand."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from services.survey.attempts.schemas import Milliseconds, Observation
from services.survey.definition.texts import Key, Locale
from services.survey.responses.schemas import HiddenValue, NewAnswer, Source
from services.survey.surveys.schemas import Slug
from shared.http.schemas import Model

# Made by the script, at random.
Submission = Annotated[str, StringConstraints(pattern=r"^[0-9a-f-]{36}$")]
Hidden = Annotated[dict[Key, HiddenValue], Field(max_length=50)]
Token = Annotated[str, Field(max_length=4_000)]


class Shown(Observation):
    """An observation, and what the script says of the page it runs in."""

    submission_id: Submission
    identity: Token | None = None
    hidden: Hidden = Field(default_factory=dict)
    source: Source | None = None


class Filled(Model):
    """All answers so far. `left`: the pages that were left; with `forward` false somebody only goes back."""

    survey_id: UUID
    survey_version: int
    submission_id: Submission
    language: Locale
    touchpoint: Slug | None = None
    identity: Token | None = None
    hidden: Hidden = Field(default_factory=dict)
    source: Source | None = None
    left: Annotated[list[Key], Field(max_length=100)]
    forward: bool
    answers: Annotated[list[NewAnswer], Field(max_length=100)]
    seen: Annotated[dict[Key, Milliseconds], Field(max_length=500)] = Field(default_factory=dict)
    last_question: Key | None = None
    stamp: Annotated[str, Field(max_length=100)] | None = None
    trap: Annotated[str, Field(max_length=2_000)] = ""
    proof: Annotated[str, Field(max_length=2_000)] | None = None

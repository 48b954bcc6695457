"""The policy as it comes in and goes out."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from shared.http.schemas import Model

Kind = Literal["csat", "ces", "nps"]
MONTH_SECONDS = 30 * 86_400


class PolicyIn(Model):
    """Each customer is asked once for each ticket, if gates, consent and contact budget allow, and reminded once."""

    ask: bool = True
    kind: Kind = Field("csat", description="Of the survey that Heed makes for it.")
    survey_id: UUID | None = Field(
        None,
        description="One of your own instead, with as many questions as you like. Nobody is asked unless it is "
        "published; how often it reminds is said at PUT /v1/surveys/{id}/asking.",
    )
    delay_seconds: int | None = Field(
        None, ge=0, le=MONTH_SECONDS, description="After it was resolved; null: as the rule or the installation says."
    )


class PolicyOut(Model):
    """`version` 0: there is none yet; what is shown is what holds without one."""

    ask: bool
    kind: Kind
    survey_id: UUID | None
    delay_seconds: int | None
    version: int

"""Rules in requests and answers."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from shared.http.schemas import Model, Name

MONTH_SECONDS = 30 * 86_400
EventTypeName = Annotated[str, Field(max_length=150, examples=["heed.survey.feedback.received.v1"])]
LineTemplate = Annotated[str, Field(min_length=1, max_length=500)]
Delay = Annotated[int, Field(ge=0, le=MONTH_SECONDS)]
Outcome = Literal["ran", "not_matched", "too_old", "loop", "paused"]


class _Action(Model):
    unless: list[EventTypeName] = Field(
        default_factory=list,
        max_length=10,
        description="Events about the same subject that cancel the action while it waits.",
    )


class OpenTicket(_Action):
    """Ask the tickets service for a ticket about the event's customer. `{{ field }}` in the subject is filled in.

    `priority` `as_said`: `urgent` if the words say so, `high` if they or the score are negative, else `normal`.
    """

    type: Literal["open_ticket"]
    delay_seconds: Delay = 0
    subject: LineTemplate
    priority: Literal["low", "normal", "high", "urgent", "as_said"] = "normal"
    tags: list[Annotated[str, Field(min_length=1, max_length=50)]] = Field(default_factory=list, max_length=20)
    team_id: UUID | None = Field(
        None,
        description="Whose it is, see GET /v1/teams; null: as the routing rules say. If there is no such "
        "team any more, they say too, and a note in the ticket tells.",
    )


class SendMessage(_Action):
    """Send the event's customer the account's text of this name."""

    type: Literal["send_message"]
    delay_seconds: Delay = 0
    template: Literal["acknowledgement", "reply", "resolved"]


class SendSurvey(_Action):
    """Ask the survey service to ask the event's customer, if its gates allow."""

    type: Literal["send_survey"]
    delay_seconds: Delay | None = Field(
        0, description="null: what the installation is set to (an hour, if not otherwise) when the rule runs."
    )
    kind: Literal["nps", "csat", "ces"] = "csat"
    touchpoint: str | None = Field(None, max_length=100)


class PostToSlack(_Action):
    """Tell colleagues in a Slack channel (`/v1/slack-channels`). `{{ field }}` is filled in, as plain text."""

    type: Literal["post_to_slack"]
    delay_seconds: Delay = 0
    channel_id: UUID
    text: Annotated[str, Field(min_length=1, max_length=2_000)]


Action = Annotated[OpenTicket | PostToSlack | SendMessage | SendSurvey, Field(discriminator="type")]


class RuleFields(Model):
    """`condition` is CEL over `data` (the event's payload) and `event`; empty means always."""

    name: Name
    event_type: EventTypeName
    condition: str = ""
    actions: list[Action] = Field(min_length=1, max_length=10)
    enabled: bool = True
    max_event_age_seconds: int = Field(
        3 * 86_400, ge=60, le=366 * 86_400, description="What happened longer ago than this moves nothing."
    )


class RulePatch(Model):
    name: Name | None = None
    event_type: EventTypeName | None = None
    condition: str | None = None
    actions: list[Action] | None = Field(None, min_length=1, max_length=10)
    enabled: bool | None = None
    max_event_age_seconds: int | None = Field(None, ge=60, le=366 * 86_400)


class RuleOut(Model):
    id: UUID
    builtin: str | None = Field(description="Set for rules that every account starts with.")
    name: str
    event_type: str
    condition: str
    actions: list[Action]
    enabled: bool
    max_event_age_seconds: int
    version: int
    created_at: datetime
    updated_at: datetime


class PauseState(Model):
    """While paused, no rule of the account acts; delayed actions that fall due are dropped."""

    paused: bool


class StepOut(Model):
    """One action: `input` as the rule stood when it ran."""

    position: int
    input: Action
    state: Literal["done", "skipped", "scheduled", "canceled"]
    detail: str | None
    due_at: datetime | None
    finished_at: datetime | None


class RunOut(Model):
    """`actor` is how the effects are marked in events and audit trail."""

    id: UUID
    rule_id: UUID
    rule_version: int
    rule_name: str
    event_id: UUID
    event_type: str
    subject: UUID
    customer_id: UUID | None
    outcome: Outcome
    reason: str | None
    actor: str
    started_at: datetime
    steps: list[StepOut]


class SimulationRequest(Model):
    """Unsaved changes to try; what is not given is as saved."""

    condition: str | None = None
    limit: int = Field(200, ge=1, le=1_000, description="How many of the newest events of the type to look at.")


class SimulatedRun(Model):
    event_id: UUID
    sequence: int
    occurred_at: datetime
    outcome: Outcome
    reason: str | None
    actions: list[str]


class Simulation(Model):
    """What the rule would have done. Nothing was done."""

    examined: int
    would_run: int
    runs: list[SimulatedRun]


def as_actions(stored: list[dict[str, Any]]) -> list[Action]:
    """What the database holds, read back."""
    return RuleActions.model_validate({"actions": stored}).actions


class RuleActions(Model):
    actions: list[Action]

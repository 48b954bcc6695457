"""What the notifier tells the others: what rules ask for, and what became of messages."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Part, Payload
from shared.contracts.tickets import Priority


class FeedbackFacts(Part):
    """What was said, as far as it decides who shall answer. `rating` is from 0 to 100; `topics` are keys."""

    kind: str
    channel: str
    source: str
    language: str | None
    rating: int | None
    band: str | None
    sentiment: str | None
    urgency: str | None
    topics: tuple[str, ...]
    touchpoint: str | None
    journey_stage: str | None
    location_ref: str | None
    product_ref: str | None
    dimensions: dict[str, str]


class TicketRequested(Payload):
    """A rule wants a ticket; `request_id` makes it happen once. Subject: the request."""

    TYPE: ClassVar[str] = "heed.notifier.ticket.requested.v1"

    request_id: UUID
    rule_id: UUID
    run_id: UUID
    customer_id: UUID | None
    feedback_id: UUID | None
    rating_normalised: int | None
    subject: str
    description: str
    priority: Priority
    channel: str
    tags: tuple[str, ...]
    # The conversation that the feedback belongs to: one ticket for all of it.
    thread_id: UUID | None = None
    # Of the feedback that led to it, if any did.
    feedback: FeedbackFacts | None = None
    # Which team it is for; without one the routing rules decide.
    team_id: UUID | None = None


class SurveyRequested(Payload):
    """A rule wants a customer to be asked, through all of survey's gates. Subject: the request."""

    TYPE: ClassVar[str] = "heed.notifier.survey.requested.v1"

    request_id: UUID
    rule_id: UUID
    run_id: UUID
    customer_id: UUID
    ticket_id: UUID | None
    kind: Literal["nps", "csat", "ces"]
    touchpoint: str | None
    # Instead of the built-in one of this kind.
    survey_id: UUID | None = None
    # What the answer is to be told apart by: `agent` and `team` are who had the ticket when it was resolved.
    dimensions: dict[str, str] = Field(default_factory=dict)
    # What the ticket is about: whoever wrote it is asked where they wrote, if they can be.
    feedback_id: UUID | None = None


class ActionOutcome(Part):
    """One action of a rule's run."""

    action: str
    outcome: Literal["done", "skipped", "failed", "scheduled"]
    detail: str | None


class RuleRan(Payload):
    """A rule's conditions held and its actions were carried out. Subject: the run."""

    TYPE: ClassVar[str] = "heed.notifier.rule.ran.v1"

    run_id: UUID
    rule_id: UUID
    rule_name: str
    event_id: UUID
    event_type: str
    customer_id: UUID | None
    actions: tuple[ActionOutcome, ...]


class MessageSent(Payload):
    """A message left: the mail server took it, or the built-in mailbox has it. Subject: the message.

    `origin_customer_id` is the record, merged into the customer since, that it answers; null: the customer's own.
    """

    TYPE: ClassVar[str] = "heed.notifier.message.sent.v1"

    message_id: UUID
    customer_id: UUID | None
    ticket_id: UUID | None
    invitation_id: UUID | None
    rule_id: UUID | None
    channel: str
    template: str
    subject: str
    sent_at: datetime
    origin_customer_id: UUID | None = None
    # Of what it tells whom, if it answers an `ImprovementTold`.
    telling_id: UUID | None = None


class MessageFailed(Payload):
    """A message will not be delivered: given up, or held back (`suppressed`). Subject: the message.

    `origin_customer_id` as in `MessageSent`.
    """

    TYPE: ClassVar[str] = "heed.notifier.message.failed.v1"

    message_id: UUID
    customer_id: UUID | None
    ticket_id: UUID | None
    channel: str
    template: str
    state: Literal["failed", "suppressed"]
    reason: str
    origin_customer_id: UUID | None = None
    telling_id: UUID | None = None
    invitation_id: UUID | None = None


class WebhookEndpointDisabled(Payload):
    """Heed has stopped delivering to an endpoint; `reason` says why. Subject: the endpoint."""

    TYPE: ClassVar[str] = "heed.notifier.webhook-endpoint.disabled.v1"

    endpoint_id: UUID
    reason: str
    disabled_at: datetime


class WebhookEndpointTested(Payload):
    """A test of this endpoint, asked for by somebody; it goes nowhere else and means nothing. Subject: the endpoint."""

    TYPE: ClassVar[str] = "heed.notifier.webhook-endpoint.tested.v1"

    endpoint_id: UUID


class RuleChanged(Payload):
    """Somebody wrote, changed or deleted a rule; `fields` names what a change touched. Subject: the rule."""

    TYPE: ClassVar[str] = "heed.notifier.rule.changed.v1"

    rule_id: UUID
    name: str
    change: Literal["created", "updated", "deleted"]
    fields: tuple[str, ...]


class RulesPaused(Payload):
    """Somebody stopped all rules of the account, or let them act again. Subject: the account."""

    TYPE: ClassVar[str] = "heed.notifier.rules.paused.v1"

    paused: bool


class TemplateChanged(Payload):
    """Somebody changed what customers are written. Subject: the template."""

    TYPE: ClassVar[str] = "heed.notifier.template.changed.v1"

    template_id: UUID
    key: str
    locale: str


class SlackChannelChanged(Payload):
    """Where rules write to colleagues has changed, or Slack takes nothing there any more (`disabled`). Never the URL.

    Subject: the channel.
    """

    TYPE: ClassVar[str] = "heed.notifier.slack-channel.changed.v1"

    channel_id: UUID
    name: str
    change: Literal["created", "updated", "deleted", "disabled"]
    fields: tuple[str, ...]


class WebhookEndpointChanged(Payload):
    """Somebody changed where events are delivered, or with which secret. Never the URL. Subject: the endpoint."""

    TYPE: ClassVar[str] = "heed.notifier.webhook-endpoint.changed.v1"

    endpoint_id: UUID
    change: Literal["created", "updated", "deleted", "secret_rotated"]
    fields: tuple[str, ...]

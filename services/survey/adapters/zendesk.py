"""Zendesk: what customers write in tickets and chats, and how satisfied they were (developer.zendesk.com: webhooks/
verifying, event-types/ticket-events, messaging-events).

Only subscriptions to events are read here. The body of a trigger's webhook is whatever somebody wrote into the trigger;
that is what the generic adapter is for. What the first message says comes twice, as the ticket's description and as its
first comment, and is one message here.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar, Final

from pydantic import Field, TypeAdapter, ValidationError, field_validator

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Unreadable,
    Verified,
)
from services.survey.adapters.reading import (
    Id,
    Instant,
    Maybe,
    Sent,
    first_header,
    named_in,
    person,
    read,
    shaped,
    shortened,
    version_at,
    without_nones,
)
from services.survey.adapters.signatures import check_age, check_hmac
from services.survey.hearing.canonical import ActivityItem, FeedbackItem, Item, ItemRating, version_of
from shared.http.schemas import Model

_INSTANT: Final = TypeAdapter[datetime](Instant)
_PREFIX: Final = "zen:event-type:"
_SOLVED: Final = {"solved", "closed"}
# `via.channel` in Zendesk's words; whatever else there is goes by its own name.
_CHANNELS: Final = {
    "email": "email",
    "web": "web",
    "web_form": "web",
    "help_center": "web",
    "chat": "chat",
    "messaging": "chat",
    "native_messaging": "chat",
    "mobile_sdk": "chat",
    "sms": "sms",
    "whatsapp": "whatsapp",
    "voice": "phone",
}
# With or without a comment; `offered` and `unoffered` are no answers.
_SATISFIED: Final = {"good": 1, "goodwithcomment": 1, "bad": 0, "badwithcomment": 0}


class ZendeskSecrets(Model):
    signing_secrets: LiveSecrets = Field(
        description="Admin Center > Apps and integrations > Webhooks > the webhook > Reveal secret."
    )


class _Via(Sent):
    channel: Maybe = None


class _Ticket(Sent):
    id: Id
    subject: Maybe = None
    description: Maybe = None
    requester_id: Maybe = None
    assignee_id: Maybe = None
    actor_id: Maybe = None
    external_id: Maybe = None
    created_at: Instant | None = None
    via: _Via | None = None


class _Event(Sent):
    id: Id
    type: str
    time: Instant
    subject: Maybe = None
    detail: dict[str, Any]
    event: dict[str, Any] = Field(default_factory=dict)


class _Writer(Sent):
    id: Maybe = None
    name: Maybe = None
    is_staff: bool = False


class _Comment(Sent):
    id: Id
    body: Maybe = None
    is_public: bool = True
    author: _Writer = _Writer()


class _Commented(Sent):
    comment: _Comment


class _Actor(Sent):
    id: Maybe = None
    name: Maybe = None
    type: str


class _Message(Sent):
    id: Id
    body: Maybe = None


class _Messaged(Sent):
    actor: _Actor
    message: _Message


class _Score(Sent):
    score: Maybe = None
    comment: Maybe = None
    reason: Maybe = None


class _Rated(Sent):
    satisfaction_score: _Score

    @field_validator("satisfaction_score", mode="before")
    @classmethod
    def may_be_the_word_alone(cls, value: Any) -> Any:
        return {"score": value} if isinstance(value, str) else value


class _StatusChange(Sent):
    current: str
    previous: Maybe = None


class Zendesk(PushComplete):
    name: ClassVar = "zendesk"
    title: ClassVar = "Zendesk"
    capabilities: ClassVar = Capabilities(edits=False, deletions=True)
    setup: ClassVar = (
        (
            "In the Admin Center open Apps and integrations > Webhooks and create one with the endpoint "
            "{url}, method POST, format JSON."
        ),
        (
            "Choose Zendesk events, and of them Ticket created, Comment added, CSAT received, Status changed "
            "and Messaging message added."
        ),
        "Reveal its signing secret and copy it into `signing_secrets`.",
    )
    secrets: ClassVar = ZendeskSecrets

    def verify(self, received: Received, connection: Connection) -> Verified:
        """The time and the body with nothing between them. The body may be empty, and is signed all the same."""
        secrets: ZendeskSecrets = connection.secrets
        signature = received.header("x-zendesk-webhook-signature")
        stamp = received.header("x-zendesk-webhook-signature-timestamp")
        if not stamp:
            raise Rejected("missing_signature")
        signed = stamp.encode() + received.body
        check_hmac(signature, signed, secrets.signing_secrets, algorithm="sha256", encoding="base64")
        try:
            sent_at = _INSTANT.validate_strings(stamp)
        except ValidationError:
            raise Rejected("malformed_signature") from None
        check_age(sent_at, received.at)
        invocation = first_header(received, "x-zendesk-webhook-invocation-id")
        return Verified("hmac-sha256", delivery_id=named_in(received.body, "id") or invocation, sent_at=sent_at)

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        if not received.body:
            return []
        event = read(_Event, received.body)
        kind = event.type.removeprefix(_PREFIX)
        if kind == event.type:
            raise Unreadable("This is no event of Zendesk's. Connect the webhook of a trigger as a generic source.")
        ticket = shaped(_Ticket, event.detail)
        if kind == "ticket.created":
            return _opened(ticket, event)
        if kind in {"ticket.comment_added", "ticket.comment_redacted"}:
            return _commented(shaped(_Commented, event.event).comment, ticket, event, kind)
        if kind == "messaging_ticket.message_added":
            return _messaged(shaped(_Messaged, event.event), ticket, event)
        if kind == "ticket.csat_received":
            return _rated(shaped(_Rated, event.event).satisfaction_score, ticket, event)
        if kind == "ticket.status_changed":
            return _solved(shaped(_StatusChange, event.event), ticket, event)
        if kind in {"ticket.soft_deleted", "ticket.permanently_deleted"}:
            return [_said(f"ticket:{ticket.id}", ticket, event, op="delete", external_version=version_at(event.time))]
        return []


def _opened(ticket: _Ticket, event: _Event) -> list[Item]:
    if ticket.description is None or (ticket.actor_id and ticket.actor_id != ticket.requester_id):
        return []  # opened by the team, in words of its own
    return [_first(ticket, event)]


def _first(ticket: _Ticket, event: _Event, name: str | None = None) -> Item:
    return _said(
        f"ticket:{ticket.id}",
        ticket,
        event,
        title=ticket.subject,
        text=ticket.description,
        occurred_at=ticket.created_at or event.time,
        external_version=version_of([ticket.description]),
        author=person(name=name, handle=ticket.requester_id),
    )


def _commented(comment: _Comment, ticket: _Ticket, event: _Event, kind: str) -> list[Item]:
    """Words of the customer's only: what the team says or notes is theirs."""
    writer = comment.author
    if kind == "ticket.comment_redacted":
        version = version_at(event.time)
        return [_said(f"comment:{comment.id}", ticket, event, op="delete", external_version=version)]
    if comment.body is None or writer.is_staff or not comment.is_public:
        return []
    if comment.body == ticket.description and writer.id == ticket.requester_id:
        return [_first(ticket, event, writer.name)]
    author = person(name=writer.name, handle=writer.id)
    return [_said(f"comment:{comment.id}", ticket, event, text=comment.body, author=author)]


def _messaged(said: _Messaged, ticket: _Ticket, event: _Event) -> list[Item]:
    if said.actor.type != "end_user" or said.message.body is None:
        return []
    return [
        _said(
            f"message:{said.message.id}",
            ticket,
            event,
            channel="chat",
            text=said.message.body,
            author=person(name=said.actor.name, handle=said.actor.id),
        )
    ]


def _rated(given: _Score, ticket: _Ticket, event: _Event) -> list[Item]:
    """Good or bad, and no number: never averaged with stars. Changing one's mind is an edit."""
    word = (given.score or "").lower().replace("_", "").replace(" ", "")
    if word not in _SATISFIED:
        return []
    dimensions = without_nones(
        {"handled_by": "human" if ticket.assignee_id else None, "reason": shortened(given.reason)}
    )
    return [
        _said(
            f"rating:{ticket.id}",
            ticket,
            event,
            kind="rating",
            rating=ItemRating(
                raw=word, value=Decimal(_SATISFIED[word]), minimum=Decimal(0), maximum=Decimal(1), kind="binary"
            ),
            text=given.comment,
            solicited=True,
            touchpoint="support",
            external_version=version_at(event.time),
            dimensions=dimensions,
        )
    ]


def _solved(change: _StatusChange, ticket: _Ticket, event: _Event) -> list[Item]:
    before = (change.previous or "").lower()
    if change.current.lower() not in _SOLVED or before in _SOLVED:
        return []
    handled_by = "human" if ticket.assignee_id else "bot"
    return [
        ActivityItem(
            external_id=f"solved:{ticket.id}:{event.id}",
            kind="support",
            occurred_at=event.time,
            author=person(handle=ticket.requester_id),
            properties={"ticket": ticket.id, "step": "solved", "handled_by": handled_by},
        )
    ]


def _said(external_id: str, ticket: _Ticket, event: _Event, **what: Any) -> FeedbackItem:
    via = ticket.via.channel if ticket.via else None
    usual: dict[str, Any] = {
        "kind": "message",
        "channel": _CHANNELS.get(via or "", shortened(via, 40) or "zendesk"),
        "occurred_at": event.time,
        "author": person(handle=ticket.requester_id),
        "thread": f"ticket:{ticket.id}",
    }
    return FeedbackItem(external_id=external_id, **usual | what)

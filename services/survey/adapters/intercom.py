"""Intercom: conversations and their ratings (developers.intercom.com: webhooks, conversation model).

Each delivery holds the conversation as it is, with the part that is new. The signature is SHA-1, which is Intercom's
choice and nobody else's here.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, ClassVar, Final, Literal

from pydantic import Field, field_validator

from services.survey.adapters.base import (
    Capabilities,
    Connection,
    LiveSecrets,
    PushComplete,
    Received,
    Rejected,
    Verified,
)
from services.survey.adapters.markup import plain_text
from services.survey.adapters.reading import (
    Id,
    Instant,
    Maybe,
    Sent,
    named_in,
    person,
    read,
    shaped,
    version_at,
    without_nones,
)
from services.survey.adapters.signatures import check_hmac
from services.survey.hearing.canonical import ActivityItem, Author, FeedbackItem, Item, ItemRating, Media
from shared.http.schemas import Model

HandledBy = Literal["bot", "human"]
_PREFIX: Final = "sha1="
_CUSTOMERS: Final = {"user", "lead", "contact", "visitor"}
_BOTS: Final = {"bot", "operator", "fin"}
_TEAM: Final = {"admin", "team"}
# `delivered_as` and `type` of a conversation's beginning.
_CHANNELS: Final = {"email": "email", "whatsapp": "whatsapp", "sms": "sms", "phone_call": "phone"}
_MOST_FILES: Final = 20


class IntercomSecrets(Model):
    signing_secrets: LiveSecrets = Field(
        description="The `Client secret` under Developer Hub > your app > Basic information."
    )


class _Writer(Sent):
    id: Maybe = None
    type: str = ""
    name: Maybe = None
    email: Maybe = None


class _File(Sent):
    url: Maybe = None
    name: Maybe = None
    content_type: Maybe = None
    filesize: int | None = None


class _Beginning(Sent):
    id: Maybe = None
    type: Maybe = None
    subject: Maybe = None
    body: Maybe = None
    author: _Writer = _Writer()
    attachments: tuple[_File, ...] = ()


class _Part(Sent):
    id: Id
    part_type: Maybe = None
    body: Maybe = None
    created_at: Instant
    author: _Writer = _Writer()
    attachments: tuple[_File, ...] = ()


class _Parts(Sent):
    conversation_parts: tuple[_Part, ...] = ()


class _Rating(Sent):
    rating: int | None = Field(None, ge=1, le=5)
    remark: Maybe = None
    created_at: Instant | None = None
    teammate: _Writer | None = None


class _Conversation(Sent):
    id: Id
    title: Maybe = None
    created_at: Instant
    source: _Beginning = _Beginning()
    conversation_parts: _Parts = _Parts()
    conversation_rating: _Rating | None = None
    ai_agent_participated: bool = False
    admin_assignee_id: Maybe = None

    @field_validator("source", "conversation_parts", mode="before")
    @classmethod
    def none_is_nothing(cls, value: Any) -> Any:
        return {} if value is None else value


class _Data(Sent):
    item: dict[str, Any]


class _Notification(Sent):
    id: Maybe = None
    topic: str
    created_at: Instant
    data: _Data


class Intercom(PushComplete):
    name: ClassVar = "intercom"
    title: ClassVar = "Intercom"
    capabilities: ClassVar = Capabilities(edits=False)
    setup: ClassVar = (
        "In the Developer Hub open your app > Configure > Webhooks and enter {url}.",
        (
            "Add the topics conversation.user.created, conversation.user.replied, conversation.admin.replied,"
            " conversation.admin.closed and conversation.rating.added."
        ),
        "Copy the client secret from Basic information into `signing_secrets`.",
    )
    secrets: ClassVar = IntercomSecrets

    def verify(self, received: Received, connection: Connection) -> Verified:
        """Without a time window: Intercom signs none."""
        secrets: IntercomSecrets = connection.secrets
        signature = received.header("x-hub-signature")
        if signature and not signature.startswith(_PREFIX):
            raise Rejected("malformed_signature")
        given = signature.removeprefix(_PREFIX) if signature else None
        check_hmac(given, received.body, secrets.signing_secrets, algorithm="sha1", encoding="hex")
        return Verified(scheme="hmac-sha1", delivery_id=named_in(received.body, "id"))

    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        sent = read(_Notification, received.body)
        if sent.topic not in _TOPICS:
            return []  # a ping, or something that nobody asked for
        conversation = shaped(_Conversation, sent.data.item)
        if sent.topic == "conversation.user.created":
            return _begun(conversation)
        if sent.topic == "conversation.user.replied":
            return [_reply(part, conversation) for part in _new_parts(conversation) if _is_said_by_customer(part)]
        if sent.topic.startswith("conversation.rating."):
            return _rated(conversation, sent)
        return _handled(conversation, sent)


_TOPICS: Final = {
    "conversation.user.created",
    "conversation.user.replied",
    "conversation.admin.replied",
    "conversation.operator.replied",
    "conversation.admin.closed",
    "conversation.rating.added",
    "conversation.rating.remarked",
}


def _begun(conversation: _Conversation) -> list[Item]:
    beginning = conversation.source
    text = plain_text(beginning.body or "") or None
    subject = plain_text(beginning.subject or conversation.title or "") or None
    if text is None and subject is None and not beginning.attachments:
        return []
    return [
        _said(
            f"conversation:{conversation.id}",
            conversation,
            title=subject,
            text=text,
            occurred_at=conversation.created_at,
            author=_author(beginning.author),
            media=_media(beginning.attachments),
        )
    ]


def _reply(part: _Part, conversation: _Conversation) -> Item:
    return _said(
        f"part:{part.id}",
        conversation,
        text=plain_text(part.body or "") or None,
        occurred_at=part.created_at,
        author=_author(part.author),
        media=_media(part.attachments),
    )


def _rated(conversation: _Conversation, sent: _Notification) -> list[Item]:
    """The rating comes first and the remark may follow; both are one answer, and the later one has it all."""
    given = conversation.conversation_rating
    if given is None or given.rating is None:
        return []
    score = Decimal(given.rating)
    return [
        _said(
            f"rating:{conversation.id}",
            conversation,
            kind="rating",
            rating=ItemRating(raw=str(given.rating), value=score, minimum=Decimal(1), maximum=Decimal(5), kind="stars"),
            text=given.remark,
            occurred_at=given.created_at or sent.created_at,
            external_version=version_at(sent.created_at),
            author=_author(_customer(conversation)),
            solicited=True,
            touchpoint="support",
            dimensions=without_nones({"handled_by": _handled_by(conversation, given.teammate)}),
        )
    ]


def _handled(conversation: _Conversation, sent: _Notification) -> list[Item]:
    """What the team or its bot did. Their words are not feedback."""
    step = "closed" if sent.topic.endswith("closed") else "answered"
    parts = _new_parts(conversation)
    by = _kind_of(parts[-1].author) if parts else _handled_by(conversation, None)
    named = parts[-1].id if parts else version_at(sent.created_at)
    return [
        ActivityItem(
            external_id=f"{step}:{conversation.id}:{named}",
            kind="support",
            occurred_at=parts[-1].created_at if parts else sent.created_at,
            author=_author(_customer(conversation)),
            properties=without_nones({"conversation": conversation.id, "step": step, "handled_by": by}),
        )
    ]


def _new_parts(conversation: _Conversation) -> Sequence[_Part]:
    return conversation.conversation_parts.conversation_parts


def _is_said_by_customer(part: _Part) -> bool:
    return part.author.type in _CUSTOMERS and bool(plain_text(part.body or "") or part.attachments)


def _customer(conversation: _Conversation) -> _Writer:
    """Who began it, unless that was the team, as in an outbound message."""
    writers = [conversation.source.author, *(part.author for part in _new_parts(conversation))]
    return next((writer for writer in writers if writer.type in _CUSTOMERS), _Writer())


def _handled_by(conversation: _Conversation, rated: _Writer | None) -> HandledBy | None:
    """A bot that did it alone; as soon as a person took part, a person."""
    if rated is not None and (kind := _kind_of(rated)) is not None:
        return kind
    kinds = {_kind_of(part.author) for part in _new_parts(conversation)}
    if "human" in kinds or conversation.admin_assignee_id not in {None, "0"}:
        return "human"
    return "bot" if "bot" in kinds or conversation.ai_agent_participated else None


def _kind_of(writer: _Writer) -> HandledBy | None:
    return "human" if writer.type in _TEAM else "bot" if writer.type in _BOTS else None


def _said(external_id: str, conversation: _Conversation, **what: Any) -> FeedbackItem:
    usual: dict[str, Any] = {
        "kind": "message",
        "channel": _CHANNELS.get(conversation.source.type or "", "chat"),
        "thread": f"conversation:{conversation.id}",
    }
    return FeedbackItem(external_id=external_id, **usual | what)


def _author(writer: _Writer) -> Author:
    """A user is logged in; leads and visitors typed an address that nobody has checked."""
    return person(name=writer.name, email=writer.email, handle=writer.id, verified=writer.type == "user")


def _media(files: tuple[_File, ...]) -> tuple[Media, ...]:
    return tuple(
        Media(url=file.url, name=file.name, media_type=file.content_type, size=file.filesize)
        for file in files[:_MOST_FILES]
    )

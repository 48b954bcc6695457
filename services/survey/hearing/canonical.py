"""What a sender's payload says, whatever the sender: the one form that adapters make and everything else reads.

An item is named by its sender: `external_id` stays the same for the life of a review, a message or an order,
`external_version` changes with each edit (its update time, or a hash of its content, see `version_of`).
"""

import hashlib
import re
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, Self
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from shared.contracts.activities import ActivityAmount, ActivityKind

Operation = Literal["create", "update", "delete"]
# `assumed`: the sender's time names no zone, or there is none and it is the time of arrival.
TimeConfidence = Literal["exact", "assumed"]
# `binary`: recommended or not, satisfied or not. It is a feeling, and never averaged with stars.
RatingKind = Literal["stars", "binary", "nps", "csat", "ces", "smiley"]
FeedbackKind = Literal["review", "rating", "survey", "message", "mention"]
# A mail that no person wrote; it is kept and never answered.
Automatic = Literal["auto_reply", "bounce", "loop", "bulk"]
PrivacyRequest = Literal["export", "erase", "erase_shop"]
# Why something that hung on an item was not kept; the sender's payload still has it.
Refusal = Literal["dangerous", "too_large", "too_many", "no_place", "unreachable", "unreadable"]


# Freshdesk counts from -103 to 103; with two decimals it still has to fit where scores are kept.
WIDEST_SCALE: Final = 300
_HASH: Final = re.compile(r"[0-9a-f]{32}")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Author(_Part):
    """Who said or did it, as the sender names them. `external_id` is the account's own id of its customer, `handle`
    the sender's. `verified` says that the sender vouches for e-mail and phone; `answerable`, where nobody does, that
    they ask to be answered there. `customer_id` is a record of ours: only the account's own people name one."""

    customer_id: UUID | None = None
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    handle: str | None = None
    anonymous: bool = False
    verified: bool = True
    answerable: bool = False


class ItemRating(_Part):
    """`raw` as the sender wrote it; `value` lies on `minimum`..`maximum`, higher is better."""

    raw: str
    value: Decimal
    minimum: Decimal
    maximum: Decimal
    kind: RatingKind = "stars"

    @model_validator(mode="after")
    def lies_on_its_scale(self) -> Self:
        if max(abs(self.minimum), abs(self.maximum)) > WIDEST_SCALE:
            raise ValueError(f"a scale lies within -{WIDEST_SCALE} and {WIDEST_SCALE}")
        if not self.minimum <= self.value <= self.maximum or self.minimum == self.maximum:
            raise ValueError(f"{self.raw} does not lie on {self.minimum} to {self.maximum}")
        return self


class Media(_Part):
    """Something that hangs on an item: where the sender keeps it, or `file_id` once it lies in our own store.

    `content` is there until it does, for what came along with the item; it is never written down with it. `refused`
    says why it was not kept.
    """

    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    media_type: str | None = None
    size: int | None = None
    refused: Refusal | None = None
    content: bytes | None = Field(None, exclude=True, repr=False)


class Mail(_Part):
    """What only a mail has. Ids are without their angle brackets, `references` the oldest first, that of the mail it
    answers last, `enclosed` those of mails that hang on it. `mailbox` is the account's own address that it reached,
    `recipients` all it went to, `copies` those who are neither its author nor the account, `reply_to` where an answer
    is wanted if not at its author's. `whole` is its text with everything that was quoted."""

    message_id: str
    references: tuple[str, ...] = ()
    enclosed: tuple[str, ...] = ()
    mailbox: str | None = None
    reply_to: str | None = None
    recipients: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    whole: str | None = None


class _Item(_Part):
    external_id: str = Field(min_length=1, max_length=500)
    external_version: str = Field("1", min_length=1, max_length=200)
    op: Operation = "create"
    occurred_at: AwareDatetime
    time_confidence: TimeConfidence = "exact"
    author: Author = Author()


class FeedbackItem(_Item):
    """Something that was said. `op="delete"` needs nothing but the ids: what was said is marked as removed.

    `thread` names the conversation it belongs to, in the sender's words; `in_reply_to` the item it answers.
    `ticket_id` if a signed token named the ticket. `dimensions` become the feedback's.
    """

    what: Literal["feedback"] = "feedback"
    kind: FeedbackKind
    channel: str
    rating: ItemRating | None = None
    title: str | None = None
    text: str | None = None
    language: str | None = None
    product_ref: str | None = None
    order_ref: str | None = None
    location_ref: str | None = None
    url: str | None = None
    verified: bool | None = None
    solicited: bool | None = None
    media: tuple[Media, ...] = ()
    thread: str | None = None
    in_reply_to: str | None = None
    ticket_id: str | None = None
    # What the button stands for that somebody tapped instead of writing; its words are the text.
    tapped: str | None = Field(None, exclude=True)
    automatic: Automatic | None = None
    mail: Mail | None = None
    touchpoint: str | None = None
    dimensions: dict[str, str] = Field(default_factory=dict)
    # Why it may come from a program, see `responses.suspicion`; flagged, never lost.
    suspicious: tuple[str, ...] = ()


class ActivityItem(_Item):
    """Something a customer did: an order, a refund, a cancelled subscription."""

    what: Literal["activity"] = "activity"
    kind: ActivityKind
    name: str | None = None
    amount: ActivityAmount | None = None
    order_ref: str | None = None
    touchpoint: str | None = None
    properties: dict[str, Any] = Field(default_factory=dict)


class DeliveryItem(_Item):
    """What became of a message that Heed sent: `message_id` is our own `Message-ID` or the provider's id."""

    what: Literal["delivery"] = "delivery"
    channel: Literal["email", "sms", "whatsapp"]
    message_id: str | None = None
    recipient: str | None = None
    state: Literal["delivered", "bounced_hard", "bounced_soft", "complained", "unsubscribed", "failed"]
    reason: str | None = None


class ConsentItem(_Item):
    """Somebody wants no more messages on a channel, or wants them again."""

    what: Literal["consent"] = "consent"
    channel: Literal["email", "sms", "whatsapp"]
    granted: bool
    proof: str


class PrivacyItem(_Item):
    """A person, or for `shop` everybody of a shop, wants to see or to be rid of what is kept."""

    what: Literal["privacy"] = "privacy"
    request: PrivacyRequest


Item = Annotated[FeedbackItem | ActivityItem | DeliveryItem | ConsentItem | PrivacyItem, Field(discriminator="what")]


class Hint(_Part):
    """Something changed at the sender; what, has to be asked there. `reference` is the sender's name of it."""

    reference: str = Field(min_length=1, max_length=500)
    occurred_at: AwareDatetime | None = None
    removed: bool = False


def version_of(content: Any) -> str:
    """For senders without an update time: the SHA-256 of what they said (JSON with sorted keys), 32 hex digits."""
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)).hexdigest()[:32]


def is_hash(version: str) -> bool:
    """Whether it is named as `version_of` does."""
    return _HASH.fullmatch(version) is not None

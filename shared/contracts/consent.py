"""What customers allow: the events that tell of it, and how they are read.

The ledger is kept by customers; whoever writes to customers or computes on them reads it alike.

A statement is one row of the ledger, or the `ConsentChanged` that told of it. Services keep the latest statement for
each customer, purpose and channel, and ask `decide`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final, Literal
from uuid import UUID

from shared.contracts.base import Payload

# GDPR, article 6 (1), in its order. A withdrawal keeps the basis that it takes away.
Basis = Literal["consent", "contract", "legal_obligation", "vital_interests", "public_interest", "legitimate_interest"]
ConsentChannel = Literal["email", "sms", "whatsapp", "phone", "any"]
ConsentReason = Literal["granted", "withdrawn", "default", "no_consent"]

PURPOSE_PATTERN: Final = "^[a-z][a-z0-9_-]{0,39}$"
SURVEYS: Final = "surveys"
MARKETING: Final = "marketing"
SERVICE: Final = "service"
ANALYTICS: Final = "analytics"
ANY: Final = "any"

# What may be done before anybody has said anything: who bought from a business may be asked how it was and is answered
# when they write. Everything else, words of the account's own included, waits for a yes.
ALLOWED_BY_DEFAULT: Final[Mapping[str, Basis]] = {
    SURVEYS: "legitimate_interest",
    ANALYTICS: "legitimate_interest",
    SERVICE: "contract",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A yes or no for one purpose and channel, from `effective_at` on. `channel` may be `any`."""

    consent_id: UUID
    purpose: str
    channel: str
    granted: bool
    basis: str
    effective_at: datetime

    def is_later_than(self, other: "Statement") -> bool:
        """By when they were made, not heard of; of two made at once a no is the later."""
        return self._order > other._order

    @property
    def _order(self) -> tuple[datetime, bool, UUID]:
        return self.effective_at, not self.granted, self.consent_id


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether it may be done. `deciding` is the statement that says so, None if nobody has made one."""

    allowed: bool
    basis: str | None
    deciding: Statement | None

    @property
    def consent_id(self) -> UUID | None:
        return self.deciding.consent_id if self.deciding else None

    @property
    def reason(self) -> ConsentReason:
        """`granted`, `withdrawn`, `default` (nothing said, may be done) or `no_consent` (nothing said, may not)."""
        if self.deciding is None:
            return "default" if self.allowed else "no_consent"
        return "granted" if self.allowed else "withdrawn"


def decide(purpose: str, channel: str, statements: Iterable[Statement]) -> Decision:
    """Whether a customer with these statements may be contacted (or computed on: channel `any`) for the purpose.

    The latest statement for the channel and the latest for `any` count. A no for the channel is lifted only by a yes
    for the same channel; a no for `any` by any later yes.
    """
    latest: dict[str, Statement] = {}
    for statement in statements:
        if statement.purpose == purpose and statement.channel in (channel, ANY):
            known = latest.get(statement.channel)
            if known is None or statement.is_later_than(known):
                latest[statement.channel] = statement
    deciding = _stricter(latest.get(channel), latest.get(ANY))
    if deciding is None:
        basis = ALLOWED_BY_DEFAULT.get(purpose)
        return Decision(basis is not None, basis, None)
    return Decision(deciding.granted, deciding.basis if deciding.granted else None, deciding)


def _stricter(own: Statement | None, general: Statement | None) -> Statement | None:
    if own is None or general is None:
        return own or general
    if own.granted and not general.granted and general.is_later_than(own):
        return general
    return own


class ConsentChanged(Payload):
    """A row was added to the consent ledger. What follows from it: `decide`. Subject: the customer.

    `source` says how the statement was made, such as `form`, `survey`, `unsubscribe` or `merge`.
    `origin_customer_id` is the record, merged into this one, that it was said for; null: its own.
    """

    TYPE: ClassVar[str] = "heed.customers.consent.changed.v1"

    consent_id: UUID
    customer_id: UUID
    purpose: str
    channel: ConsentChannel
    granted: bool
    basis: Basis
    source: str
    text_version: str | None
    effective_at: datetime
    recorded_at: datetime
    origin_customer_id: UUID | None = None


class ConsentStated(Payload):
    """A respondent answered a question of type `consent` that has a purpose; the ledger writes it down once.

    `text` is what they agreed to, as they read it; `statement_id` is one for each answer. Subject: the response.
    """

    TYPE: ClassVar[str] = "heed.survey.consent.stated.v1"

    statement_id: UUID
    customer_id: UUID
    purpose: str
    channel: ConsentChannel
    granted: bool
    text: str
    text_version: str
    survey_id: UUID
    response_id: UUID
    question: str
    stated_at: datetime


class PreferenceStated(Payload):
    """A customer said on the page of a message's link what they want to get; the ledger writes it down once.

    `method`: `one_click` is the button of their mail program (RFC 8058), `page` ours. The notifier acts on it already.
    Subject: the customer.
    """

    TYPE: ClassVar[str] = "heed.notifier.preference.stated.v1"

    statement_id: UUID
    customer_id: UUID
    purpose: str
    channel: ConsentChannel
    granted: bool
    method: Literal["one_click", "page"]
    message_id: UUID | None
    text_version: str
    stated_at: datetime

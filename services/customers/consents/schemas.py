"""The consent ledger in requests and answers."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints

from shared.contracts.consent import PURPOSE_PATTERN, Basis, ConsentChannel, ConsentReason
from shared.http.schemas import Model, Moment, ShortText

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# How it came about. The last five are Heed's own and cannot be sent.
Source = Literal[
    "form", "page", "email", "phone", "in_person", "contract", "import", "api",
    "survey", "unsubscribe", "message", "merge", "suppression",
]  # fmt: skip
SentSource = Literal["form", "page", "email", "phone", "in_person", "contract", "import", "api"]

Purpose = Annotated[
    str,
    StringConstraints(pattern=PURPOSE_PATTERN),
    Field(description="`surveys`, `marketing`, `service`, `analytics`, or a word of your own."),
]


class Proof(Model):
    """What shows that it was said: where, in which words. No IP addresses: they prove little and are personal data."""

    source: SentSource
    form_url: Annotated[str, Field(max_length=2_000, pattern=r"^https?://")] | None = None
    message_id: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    text: Annotated[str, Field(min_length=1, max_length=4_000)] | None = None
    note: ShortText | None = None


class NewConsent(Model):
    """A yes (`granted: true`) or a no for one purpose and channel."""

    purpose: Purpose
    channel: ConsentChannel = "any"
    granted: StrictBool
    basis: Basis = "consent"
    proof: Proof
    text_version: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    effective_at: Annotated[Moment, Field(ge=EARLIEST, description="When it was said; now if left out.")] | None = None


class ProofOut(Model):
    """As it was given; what was not is null."""

    source: Source
    form_url: str | None = None
    message_id: str | None = None
    text: str | None = None
    note: str | None = None
    survey_id: UUID | None = None
    response_id: UUID | None = None
    question: str | None = None


class ConsentOut(Model):
    """`origin_customer_id` is whom it was said for, before any merge; `actor` who wrote it down."""

    id: UUID
    customer_id: UUID
    origin_customer_id: UUID
    purpose: str
    channel: ConsentChannel
    granted: bool
    basis: Basis
    text_version: str | None
    proof: ProofOut
    actor: str
    effective_at: datetime
    recorded_at: datetime


class ConsentState(Model):
    """Whether the customer may be contacted (channel `any`: computed on) for the purpose.

    `reason`: `granted`, `withdrawn`, `default` (nothing said, may be done) or `no_consent` (nothing said, may not).
    `consent_id` is the row that decides, `since` when it was said.
    """

    purpose: str
    channel: ConsentChannel
    allowed: bool
    reason: ConsentReason
    basis: Basis | None
    consent_id: UUID | None
    since: datetime | None


class ConsentStates(Model):
    data: list[ConsentState]

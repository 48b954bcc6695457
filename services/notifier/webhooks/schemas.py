"""Webhook endpoints in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from services.notifier.log.schemas import MOST_PATTERNS, type_filter
from shared.http.schemas import Model

DeliveryState = Literal["pending", "delivered", "failed", "canceled"]


def _pattern(value: str) -> str:
    type_filter(value)
    return value


TypePattern = Annotated[str, Field(min_length=1, max_length=150, examples=["heed.tickets.*"]), AfterValidator(_pattern)]
URL = Annotated[str, Field(min_length=1, max_length=2_000, examples=["https://partner.example/heed"])]


class NewEndpoint(Model):
    """Empty `types` means every event."""

    url: URL
    description: str = Field("", max_length=500)
    types: list[TypePattern] = Field(default_factory=list, max_length=MOST_PATTERNS)
    enabled: bool = True


class EndpointPatch(Model):
    url: URL | None = None
    description: str | None = Field(None, max_length=500)
    types: list[TypePattern] | None = Field(None, max_length=MOST_PATTERNS)
    enabled: bool | None = None


class EndpointOut(Model):
    """`failing_since` is the first failure after the last success; after 5 days of it the endpoint is switched off."""

    id: UUID
    url: str
    description: str
    types: list[str]
    enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    old_secret_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class EndpointWithSecret(EndpointOut):
    """The secret is shown this once."""

    secret: str


class RotatedSecret(Model):
    """Deliveries carry signatures of both secrets until `old_secret_until`."""

    secret: str
    old_secret_until: datetime


class DeliveryOut(Model):
    """`last_response` is the beginning of what the receiver answered."""

    id: UUID
    event_id: UUID
    event_type: str
    sequence: int | None
    state: DeliveryState
    attempts: int
    last_status: int | None
    last_error: str | None
    last_response: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    finished_at: datetime | None


class Redelivery(Model):
    """Either one earlier delivery, or every event after a sequence number that the endpoint's types take."""

    delivery_id: UUID | None = None
    after: int | None = Field(None, ge=0, le=2**63 - 1)


class Redelivered(Model):
    """`next_after` is where to go on if there was more than fits in one call, else null."""

    queued: int
    next_after: int | None

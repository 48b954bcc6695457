"""Webhook endpoints in requests and answers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field

from services.notifier.log.schemas import MOST_PATTERNS, type_filter
from services.notifier.webhooks.ordering import Ordering
from services.notifier.webhooks.secrets import Signing
from shared.expressions.conditions import LONGEST as LONGEST_CONDITION
from shared.http.schemas import Model

DeliveryState = Literal["pending", "delivered", "failed", "canceled"]


def _pattern(value: str) -> str:
    type_filter(value)
    return value


TypePattern = Annotated[str, Field(min_length=1, max_length=150, examples=["heed.tickets.*"]), AfterValidator(_pattern)]
URL = Annotated[str, Field(min_length=1, max_length=2_000, examples=["https://partner.example/heed"])]


class NewEndpoint(Model):
    """Empty `types` means every event. `condition` is CEL, over `data` and `event` as in rules: of the events that the
    types let through, only those go out for which it holds. `signing` is `v1` (a secret that both sides know) or `v1a`
    (Ed25519: the answer has the public key, and no secret leaves Heed). `ordering`: one at a time of each subject, or
    of the endpoint, each when the one before has arrived or was given up; `none` does not wait."""

    url: URL
    description: str = Field("", max_length=500)
    types: list[TypePattern] = Field(default_factory=list, max_length=MOST_PATTERNS)
    condition: str = Field("", max_length=LONGEST_CONDITION, examples=['data.channel == "widget"'])
    signing: Signing = "v1"
    ordering: Ordering = "none"
    enabled: bool = True


class EndpointPatch(Model):
    url: URL | None = None
    description: str | None = Field(None, max_length=500)
    types: list[TypePattern] | None = Field(None, max_length=MOST_PATTERNS)
    condition: str | None = Field(None, max_length=LONGEST_CONDITION)
    ordering: Ordering | None = None
    enabled: bool | None = None


class EndpointOut(Model):
    """`failing_since` is the first failure after the last success; after 5 days of it the endpoint is switched off.
    Until `held_until` it is left alone, for it failed several times in a row."""

    id: UUID
    url: str
    description: str
    types: list[str]
    condition: str
    signing: Signing
    public_key: str | None
    ordering: Ordering
    enabled: bool
    disabled_reason: str | None
    failing_since: datetime | None
    held_until: datetime | None
    old_secret_until: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class EndpointWithSecret(EndpointOut):
    """The secret is shown this once; null with `v1a`, where `public_key` is all that a receiver needs."""

    secret: str | None


class Rotation(Model):
    """For how long the former secret signs as well, up to a week; 0 if it leaked. `signing` may change with it."""

    overlap_hours: int = Field(24, ge=0, le=168)
    signing: Signing | None = None


class RotatedSecret(Model):
    """Deliveries carry signatures of both secrets until `old_secret_until`. With `v1a` there is no secret to know but
    the new public key."""

    secret: str | None
    public_key: str | None
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


class DeliveryRequest(Model):
    """The last request as it went out. `signed` is what the signatures in the headers are of."""

    url: str
    headers: dict[str, str]
    body: str
    signed: str


class DeliveryDetail(DeliveryOut):
    """`last_request` is null before the first attempt, and once the event is no longer kept."""

    last_request: DeliveryRequest | None


class Redelivery(Model):
    """Either one earlier delivery, or every event after a sequence number or since a time that the endpoint wants.
    `only_undelivered` leaves out what arrived or still waits."""

    delivery_id: UUID | None = None
    after: int | None = Field(None, ge=0, le=2**63 - 1)
    since: AwareDatetime | None = None
    only_undelivered: bool = False


class Redelivered(Model):
    """`next_after` is where to go on (as `after`) if there was more than fits in one call, else null."""

    queued: int
    next_after: int | None

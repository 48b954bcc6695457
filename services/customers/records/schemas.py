"""Customer records as they come in and go out."""

import math
import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints, WithJsonSchema, model_validator

from services.customers.records.identities import (
    NORMALISERS,
    IdentityKind,
    WeakKind,
    normal_email,
    normal_external_id,
    normal_phone,
    normal_sign,
)
from shared.contracts.customers import Channel
from shared.http.schemas import Model, Name, ShortText

MOST_ATTRIBUTES = 50
MOST_ITEMS = 1_000
# Beyond this an integer is not the same number to every reader of JSON (RFC 8259, section 6).
_EXACT = 2**53 - 1
_LANGUAGE_TAG = re.compile(r"[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*")


def _locale(value: str) -> str:
    if not _LANGUAGE_TAG.fullmatch(value):
        raise ValueError("is not a language tag (BCP 47) such as en or pt-BR")
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, LookupError):
        raise ValueError("is not a time zone of the IANA database, such as Europe/Lisbon") from None
    return value


def _attribute(value: bool | int | float | str) -> bool | int | float | str:
    if isinstance(value, int) and abs(value) > _EXACT:
        raise ValueError("is a number too large to be exact everywhere; send it as text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("is not a finite number")
    return value


ExternalId = Annotated[str, Field(max_length=1_000), AfterValidator(normal_external_id)]
Email = Annotated[str, Field(max_length=1_000, json_schema_extra={"format": "email"}), AfterValidator(normal_email)]
Phone = Annotated[str, Field(max_length=100, examples=["+351912345678"]), AfterValidator(normal_phone)]
Locale = Annotated[str, Field(max_length=35), AfterValidator(_locale)]
TimeZone = Annotated[str, Field(max_length=64), AfterValidator(_timezone)]
AttributeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,63}$")]
AttributeValue = Annotated[bool | int | float | ShortText, AfterValidator(_attribute)]


class CustomerChanges(Model):
    """What is left out stays as it is; null clears. Attributes are merged by name, null removes one."""

    external_id: ExternalId | None = None
    email: Email | None = None
    phone: Phone | None = Field(None, description="International form, with + and the country code.")
    name: Name | None = None
    locale: Locale | None = Field(None, examples=["pt-BR"])
    timezone: TimeZone | None = Field(None, examples=["Europe/Lisbon"])
    company: Name | None = None
    email_verified: bool = Field(False, description="Its owner confirmed the `email`: then it tells people apart.")
    preferred_channel: Channel | None = Field(None, description="How they like to hear; `none`: not at all.")
    attributes: dict[AttributeName, AttributeValue | None] = Field(default_factory=dict, max_length=MOST_ATTRIBUTES)

    def changes(self) -> dict[str, Any]:
        """Only the fields that were sent."""
        return {name: getattr(self, name) for name in self.model_fields_set if name != "email_verified"}

    def verified(self) -> frozenset[IdentityKind]:
        return frozenset({IdentityKind.EMAIL} if self.email_verified else ())

    def identities(self) -> dict[IdentityKind, str]:
        values = {kind: getattr(self, kind.value) for kind in IdentityKind}
        return {kind: value for kind, value in values.items() if value is not None}


class NewCustomer(CustomerChanges):
    """A customer who is known by at least one of `external_id`, `email` and `phone`, or becomes known by it."""

    @model_validator(mode="after")
    def require_an_identity(self) -> "NewCustomer":
        if not self.identities():
            raise ValueError("name the customer by at least one of external_id, email or phone")
        return self


class CustomerOut(Model):
    id: UUID
    external_id: str | None
    email: str | None
    phone: str | None
    name: str | None
    locale: str | None
    timezone: str | None
    company: str | None
    company_id: UUID | None
    preferred_channel: Channel | None
    restricted: bool
    attributes: dict[str, AttributeValue]
    version: int
    created_at: datetime
    updated_at: datetime


class NewIdentity(Model):
    """One more sign of a customer; `name`, `device`, `order` and `handle` are weak ones, which others may have too."""

    kind: IdentityKind | WeakKind
    value: Annotated[str, Field(min_length=1, max_length=1_000)]
    verified: bool = Field(False, description="Its owner confirmed it.")
    source: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")] = "api"
    evidence: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(None, examples=["order 1017"])

    @model_validator(mode="after")
    def normal(self) -> "NewIdentity":
        self.value = (
            NORMALISERS[self.kind](self.value) if isinstance(self.kind, IdentityKind) else normal_sign(self.value)
        )
        return self


class IdentityOut(Model):
    """One sign by which the customer is recognised; `value` is normalised, `created_at` when it was first seen.

    `strength`: a strong one leads to one person, weak ones only suggest. `origin_customer_id` is the record, merged
    into the customer, that it came with. `last_seen_at` is true to the day.
    """

    id: UUID
    kind: IdentityKind | WeakKind
    value: str
    strength: Literal["strong", "weak"]
    verified: bool
    source: str
    evidence: str | None
    origin_customer_id: UUID | None
    created_at: datetime
    last_seen_at: datetime


# Each item is validated on its own, so that a bad one does not refuse the others.
_AnyCustomer = Annotated[Any, WithJsonSchema(NewCustomer.model_json_schema())]


class ManyCustomers(Model):
    customers: Annotated[list[_AnyCustomer], Field(min_length=1, max_length=MOST_ITEMS)]


class ItemProblem(Model):
    """What is wrong with an item: a JSON Pointer into it, a stable code, and a sentence."""

    pointer: str
    code: str
    detail: str


class BulkItem(Model):
    """What became of one item; `index` is its place in the request, from 0."""

    index: int
    status: Literal["created", "updated", "failed"]
    customer_id: UUID | None
    errors: list[ItemProblem]


class BulkOutcome(Model):
    created: int
    updated: int
    failed: int
    data: list[BulkItem]

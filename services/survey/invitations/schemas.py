"""Bodies of `/v1/surveys/{id}/invitations`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from services.survey.responses.schemas import Email, ExternalId, Phone
from shared.http.schemas import Model

MOST_CUSTOMERS = 1_000
Channel = Literal["email", "link"]
Gate = Literal["not_published", "unknown_customer", "no_address", "asked_twice", "open_invitation", "cool_down"]


class CustomerLookup(Model):
    """A customer by what you know them by: exactly one of these."""

    id: UUID | None = None
    external_id: ExternalId | None = None
    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def names_one(self) -> Self:
        if len(self.model_fields_set) != 1 or next(iter(self.wanted.values())) is None:
            raise ValueError("give exactly one of id, external_id, email, phone")
        return self

    @property
    def wanted(self) -> dict[str, str | UUID | None]:
        return {name: getattr(self, name) for name in self.model_fields_set}


class NewInvitations(Model):
    """`email`: the notifier sends it. `link`: nothing is sent, the answer has the links for you to pass on."""

    customers: Annotated[list[CustomerLookup], Field(min_length=1, max_length=MOST_CUSTOMERS)] = Field(
        description="Each as an object, or just the customer's id."
    )
    channel: Channel = "email"
    expires_in_days: Annotated[int, Field(ge=1, le=365)] | None = None

    @field_validator("customers", mode="before")
    @classmethod
    def a_bare_id_will_do(cls, customers: Any) -> Any:
        # Not a union of types: its errors would speak of both, and of neither in a way that helps.
        if not isinstance(customers, list):
            return customers
        return [{"id": one} if isinstance(one, str | UUID) else one for one in customers]


class InvitationResult(Model):
    """What became of one customer of the call, in its order. `refused` names the `gate` and says why in `detail`.

    `next_eligible_at` is when the gate will open by itself, if it will.
    """

    index: int
    status: Literal["queued", "refused"]
    customer_id: UUID | None
    invitation_id: UUID | None
    url: str | None
    expires_at: datetime | None
    gate: Gate | None
    detail: str | None
    next_eligible_at: datetime | None


class InvitationResults(Model):
    queued: int
    refused: int
    data: list[InvitationResult]


class OpenLink(Model):
    """A link that anybody may answer, as often as they like: for a receipt, a poster, a web site."""

    url: str

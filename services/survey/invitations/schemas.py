"""Bodies of `/v1/surveys/{id}/invitations`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, field_validator, model_validator

from services.survey.invitations.models import InvitationState
from services.survey.policies.schemas import Channel
from services.survey.responses.schemas import Email, ExternalId, Phone
from shared.http.schemas import Model, Moment

MOST_CUSTOMERS = 1_000


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


class Override(Model):
    """Ask although gates that protect attention are closed. Never consent, restriction or deletion; it is told of."""

    reason: Annotated[str, Field(min_length=3, max_length=500)]


class NewInvitations(Model):
    """`email`, `sms`: the notifier sends it. `link`: nothing is sent, the answer has the links for you to pass on.

    A segment, or a `send_at` in the future, makes a run: it answers at once with the run's id, and asks by and by.
    """

    customers: Annotated[list[CustomerLookup], Field(max_length=MOST_CUSTOMERS)] = Field(
        default_factory=list, description="Each as an object, or just the customer's id."
    )
    segment_id: UUID | None = None
    channel: Channel = "email"
    send_at: Moment | None = None
    expires_in_days: Annotated[int, Field(ge=1, le=365)] | None = None
    override: Override | None = None

    @model_validator(mode="after")
    def names_whom(self) -> Self:
        if bool(self.customers) == (self.segment_id is not None):
            raise ValueError("give either customers or segment_id")
        if self.override is not None and (self.segment_id is not None or self.send_at is not None):
            raise ValueError("gates are overridden for named customers who are asked now")
        return self

    @field_validator("customers", mode="before")
    @classmethod
    def a_bare_id_will_do(cls, customers: Any) -> Any:
        # Not a union of types: its errors would speak of both, and of neither in a way that helps.
        if not isinstance(customers, list):
            return customers
        return [{"id": one} if isinstance(one, str | UUID) else one for one in customers]


class InvitationResult(Model):
    """What became of one customer of the call, in its order. `refused` names the `gate` and says why in `detail`.

    `sends_at`: it is quiet hours for them, and it leaves then. `next_eligible_at` is when all closed gates will
    have opened by themselves, if they will.
    """

    index: int
    status: Literal["queued", "refused"]
    customer_id: UUID | None
    invitation_id: UUID | None
    url: str | None
    expires_at: datetime | None
    sends_at: datetime | None
    gate: str | None
    detail: str | None
    next_eligible_at: datetime | None


class InvitationResults(Model):
    """`run_id`: look there for what becomes of a segment, or of what is to be sent later; `data` is empty then."""

    run_id: UUID | None
    queued: int
    refused: int
    data: list[InvitationResult]


class InvitationOut(Model):
    """`state`: `waiting` (to be sent), `open`, `answered`, `expired` or `revoked`. `due_at`: when what comes next is
    done about it: sending, a reminder, or its end. `cause`: what led to it."""

    id: UUID
    survey_id: UUID
    customer_id: UUID
    ticket_id: UUID | None
    channel: Channel
    locale: str
    state: InvitationState
    cause: str
    cause_id: UUID | None
    created_at: datetime
    sent_at: datetime | None
    answered_at: datetime | None
    expires_at: datetime
    reminders: int
    due_at: datetime | None
    url: str


class OpenLink(Model):
    """A link that anybody may answer, as often as they like: for a receipt, a poster, a web site."""

    url: str

"""Who was asked what, and whether they answered."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Enum, ForeignKey, Index, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from services.survey.surveys.models import Survey
from shared.db.aliases import origin_index
from shared.db.base import AccountOwned, Identified


class InvitationState(StrEnum):
    """`waiting`: made, to be sent later. Its link works already."""

    WAITING = "waiting"
    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"
    REVOKED = "revoked"


# Those that can still be answered.
UNANSWERED = (InvitationState.WAITING, InvitationState.OPEN)
_IS_UNANSWERED = text("state in ('waiting', 'open')")


class Invitation(Identified, AccountOwned, Base):
    """A personal link. `answered` is set by `survey.accept_responses`, together with the answer.

    `due_at` is when the next thing has to be done about it (sending, reminding, ending); see `following`. `cause` says
    what led to it, `cause_id` which run, trigger or recurrence.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'open', 'answered', 'expired', 'revoked')", name="state"),
        Index("ix_invitations_survey_id_customer_id", "account_id", "survey_id", "customer_id", "created_at"),
        Index("ix_invitations_customer_id", "account_id", "customer_id"),
        Index("ix_invitations_due_at", "account_id", "due_at", postgresql_where=_IS_UNANSWERED),
        Index("ix_invitations_cause_id", "account_id", "cause_id", "created_at"),
        origin_index("invitations", "origin_customer_id"),
    )

    survey_id: Mapped[UUID] = mapped_column(ForeignKey(Survey.id))
    customer_id: Mapped[UUID]
    ticket_id: Mapped[UUID | None]
    channel: Mapped[str]
    locale: Mapped[str]
    state: Mapped[InvitationState] = mapped_column(
        Enum(
            InvitationState,
            native_enum=False,
            length=20,
            values_callable=lambda states: [state.value for state in states],
        )
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    origin_customer_id: Mapped[UUID | None]
    cause: Mapped[str] = mapped_column(server_default=text("'call'"))
    cause_id: Mapped[UUID | None]
    wave: Mapped[int | None]
    experiment_id: Mapped[UUID | None]
    # The key of the arm, and what the answers are to be told apart by in the metrics.
    variant: Mapped[str | None]
    dimensions: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    sent_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(server_default=text("0"))


@dataclass(slots=True, kw_only=True)
class Made:
    """An invitation that is made now: the columns that have a value from the beginning.

    A run makes a thousand at once; the mapper would take longer for them than all gates do.
    """

    id: UUID
    account_id: UUID
    survey_id: UUID
    customer_id: UUID
    ticket_id: UUID | None
    channel: str
    locale: str
    state: InvitationState
    created_at: datetime
    expires_at: datetime
    cause: str
    cause_id: UUID | None
    wave: int | None
    experiment_id: UUID | None
    variant: str | None
    dimensions: dict[str, str]
    sent_at: datetime | None
    due_at: datetime
    reminders: int = 0


# One question at a time: a customer has one open invitation to a survey, or one for each ticket.
OPEN_INVITATION = Index(
    "uq_invitations_open",
    Invitation.account_id,
    Invitation.survey_id,
    Invitation.customer_id,
    func.coalesce(Invitation.ticket_id, text("'00000000-0000-0000-0000-000000000000'")),
    unique=True,
    postgresql_where=_IS_UNANSWERED,
)

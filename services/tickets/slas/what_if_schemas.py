"""Questions about policies that might be, and the answers."""

from datetime import datetime
from typing import Self
from uuid import UUID

from pydantic import Field, model_validator

from services.tickets.calendars.schemas import CalendarIn
from services.tickets.slas.clock import Standing, Target
from services.tickets.slas.policy_schemas import PolicyIn
from shared.http.schemas import Model


class WhatIf(Model):
    """Another policy, another calendar for it, or both; over the tickets that were opened in the last `days`.

    Of a calendar with a feed only its own dates and public holidays count: nothing is fetched for a question.
    """

    days: int = Field(30, ge=1, le=365)
    policy: PolicyIn | None = None
    calendar: CalendarIn | None = None

    @model_validator(mode="after")
    def refuse_a_question_about_nothing(self) -> Self:
        if self.policy is None and self.calendar is None:
            raise ValueError("name a policy, a calendar, or both; as they are, nothing would be another thing")
        return self


class Outcome(Model):
    """`due` is how many waits were due in these days: `met` and `missed` together, and `attainment_percent` the share
    of `met`. `pending` are not due yet. Merged tickets, and waits that ended with the ticket, count for neither."""

    due: int
    met: int
    missed: int
    pending: int
    attainment_percent: float | None


class TargetComparison(Model):
    target: Target
    was: Outcome
    would_be: Outcome


class WaitOut(Model):
    """Both null: this was not promised."""

    due_at: datetime | None
    standing: Standing | None


class Change(Model):
    """A wait that would stand otherwise now."""

    ticket_id: UUID
    number: int
    target: Target
    started_at: datetime
    was: WaitOut
    would_be: WaitOut


class WhatIfOut(Model):
    """`tickets` have the policy, or would have it. `truncated`: there are more than were looked at, and older ones.
    `changes` lists the first of the `changed` waits."""

    since: datetime
    tickets: int
    truncated: bool
    targets: list[TargetComparison]
    changed: int
    changes: list[Change]

"""Bodies of `/v1/contact-policy` and `/v1/surveys/{id}/asking`."""

from datetime import time
from decimal import Decimal
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, PlainSerializer, model_validator

from shared.http.schemas import Model

# The ways a person is reached. A link is passed on by the caller, and takes attention all the same.
Channel = Literal["email", "sms", "whatsapp", "link"]
Days = Annotated[int, Field(ge=1, le=365)]
Percent = Annotated[
    Decimal, Field(ge=0, le=100, decimal_places=2), PlainSerializer(lambda value: format(value, "f"), return_type=str)
]
# As `21:00`, in the person's own time zone.
LocalTime = Annotated[time, PlainSerializer(lambda value: value.strftime("%H:%M"), return_type=str)]


class Budget(Model):
    """At most `most` contacts in any `days` days, counted back from the moment of asking; null `channel`: of all."""

    most: Annotated[int, Field(ge=0, le=1_000)]
    days: Days
    channel: Channel | None = None


class SegmentException(Model):
    """For members of a segment these stand in place of the account's; `never` leaves them in peace altogether.

    A customer in several segments gets the first exception in the list. What is left out is as for everybody.
    """

    segment_id: UUID
    never: bool = False
    gap_days: Annotated[int, Field(ge=0, le=365)] | None = None
    budgets: Annotated[list[Budget], Field(max_length=20)] | None = None


class QuietHours(Model):
    """Nothing leaves between these times; it waits for the end of them. `start` after `end` means: over midnight."""

    start: LocalTime
    end: LocalTime
    channel: Channel | None = None

    @model_validator(mode="after")
    def takes_part_of_a_day(self) -> Self:
        if self.start.tzinfo or self.end.tzinfo:
            raise ValueError("give times without a zone; each customer's own zone is used")
        if self.start == self.end:
            raise ValueError("start and end are the same; leave the entry out, or give the hours that are quiet")
        return self


class ContactPolicy(Model):
    """The clock of any contact, whatever survey or message it was: `gap_days` is the least time from one to the next,
    `budgets` how many fit into a time. How often one survey may ask is that survey's own affair."""

    gap_days: Annotated[int, Field(ge=0, le=365)] = 0
    budgets: Annotated[list[Budget], Field(max_length=20)] = Field(
        default_factory=lambda: [Budget(most=3, days=7)],
    )
    exceptions: Annotated[list[SegmentException], Field(max_length=50)] = Field(default_factory=list)
    quiet_hours: Annotated[list[QuietHours], Field(max_length=10)] = Field(
        default_factory=lambda: [
            QuietHours(start=time(21), end=time(8), channel=channel) for channel in ("sms", "whatsapp")
        ],
    )

    @model_validator(mode="after")
    def one_exception_for_a_segment(self) -> Self:
        segments = [exception.segment_id for exception in self.exceptions]
        if len(set(segments)) < len(segments):
            raise ValueError("a segment has more than one exception; join them")
        return self

    def for_member(self, segments: frozenset[UUID]) -> SegmentException | None:
        """The exception that holds for a customer in these segments."""
        return next((one for one in self.exceptions if one.segment_id in segments), None)


class AfterOther(Model):
    """Not within `days` days of having been asked another survey."""

    survey_id: UUID
    days: Days


class Reminders(Model):
    """How often, and how many days apart, somebody who has not answered is asked again by the same link."""

    most: Annotated[int, Field(ge=1, le=5)]
    days: Annotated[int, Field(ge=1, le=60)]


class SurveyPolicy(Model):
    """One survey's own clock, besides its `cooldown_days`, which counts from when it last asked.

    `answered_days` counts from when the customer last answered; `most_times` is for a customer's whole life, so 1 means
    once ever. `sample_percent` draws by customer: who is drawn stays drawn. `ignores_contact_rules` is for what cannot
    wait: gap and budgets of the account do not hold for it, though it counts for the others.
    """

    answered_days: Annotated[int, Field(ge=1, le=3_650)] | None = None
    most_times: Annotated[int, Field(ge=1, le=1_000)] | None = None
    after_others: Annotated[list[AfterOther], Field(max_length=20)] = Field(default_factory=list)
    sample_percent: Percent = Decimal(100)
    ignores_contact_rules: bool = False
    reminders: Reminders | None = None

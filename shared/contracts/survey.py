"""What the survey service tells the others: who was asked, and what they said."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Part, Payload


class SurveyPublished(Payload):
    """A version of a survey is open for answers. Subject: the survey."""

    TYPE: ClassVar[str] = "heed.survey.survey.published.v1"

    survey_id: UUID
    survey_version: int
    name: str
    kind: str


class ScoreLink(Part):
    """One choice of the score question, as a link that preselects it on the hosted page and answers nothing."""

    score: int
    label: str
    url: str


class InvitationCreated(Payload):
    """A customer is to be asked. The notifier sends it if `channel` is one it can send by. Subject: the invitation."""

    TYPE: ClassVar[str] = "heed.survey.invitation.created.v1"

    invitation_id: UUID
    survey_id: UUID
    survey_name: str
    kind: str
    customer_id: UUID
    ticket_id: UUID | None
    channel: Literal["email", "link"]
    locale: str
    question: str
    low_label: str
    high_label: str
    url: str
    scores: tuple[ScoreLink, ...]
    expires_at: datetime
    # How it reaches them: `email`, `sms`, `whatsapp` or `link`; `channel` says `link` for what its first readers do not
    # know. By WhatsApp with this content template, or else as plain text, to whoever wrote there a moment ago.
    medium: str | None = None
    # What led to it: `call`, `run`, `trigger`, `wave`, `chain` or `rule`.
    cause: str | None = None
    # Of a recurring survey: the number of its round, counted from 1.
    wave: int | None = None
    # The arm of the experiment that the customer is in; own words of it, or of the call, for the message.
    experiment_id: UUID | None = None
    variant: str | None = None
    subject: str | None = None
    text: str | None = None
    whatsapp_template: str | None = None

    @property
    def sent_by(self) -> str:
        """`email`, `sms`, `whatsapp` or `link`."""
        return self.medium or self.channel


class InvitationReminded(Payload):
    """Someone who has not answered is to be asked once more, by the same link. The notifier sends it.

    `number` counts an invitation's reminders from 1, `most` is how many there can be. Subject: the invitation.
    """

    TYPE: ClassVar[str] = "heed.survey.invitation.reminded.v1"

    invitation_id: UUID
    survey_id: UUID
    survey_name: str
    kind: str
    customer_id: UUID
    ticket_id: UUID | None
    medium: str
    locale: str
    number: int
    most: int
    question: str
    low_label: str
    high_label: str
    url: str
    scores: tuple[ScoreLink, ...]
    invited_at: datetime
    expires_at: datetime
    wave: int | None = None
    experiment_id: UUID | None = None
    variant: str | None = None
    # As of the invitation.
    whatsapp_template: str | None = None


class InvitationEnded(Payload):
    """An invitation is over without an answer: `reason` is `expired`, `revoked` or `customer_deleted`, and whatever
    else may come. What waits to be sent about it is not sent. Subject: the invitation."""

    TYPE: ClassVar[str] = "heed.survey.invitation.ended.v1"

    invitation_id: UUID
    survey_id: UUID
    customer_id: UUID
    ticket_id: UUID | None
    reason: str
    ended_at: datetime
    wave: int | None = None
    variant: str | None = None


class InvitationRefused(Payload):
    """A customer was to be asked and is not: `gate` names the rule that forbade it, `detail` the numbers it compared.

    `next_eligible_at` is when the gate opens by itself, if it does. Subject: the refusal.
    """

    TYPE: ClassVar[str] = "heed.survey.invitation.refused.v1"

    refusal_id: UUID
    survey_id: UUID
    customer_id: UUID
    channel: str
    gate: str
    detail: str
    next_eligible_at: datetime | None
    cause: str
    ticket_id: UUID | None = None
    invitation_id: UUID | None = None


class InvitationRunFinished(Payload):
    """The customers of a long list or a segment have all been decided on, or somebody cancelled it (`state`).

    Subject: the run.
    """

    TYPE: ClassVar[str] = "heed.survey.invitation-run.finished.v1"

    run_id: UUID
    survey_id: UUID
    state: Literal["finished", "cancelled"]
    customers: int
    invited: int
    refused: int


class GatesOverridden(Payload):
    """Somebody had customers asked although gates forbade it; `overridden` counts the refusals by gate.

    Only gates that protect attention can be overridden: never consent, deletion or restriction. Subject: the survey.
    """

    TYPE: ClassVar[str] = "heed.survey.gates.overridden.v1"

    survey_id: UUID
    reason: str
    customers: int
    overridden: dict[str, int]


class VariantAssigned(Payload):
    """A customer, or a visitor of the open link, is in this arm of an experiment, for good. Told once.

    `of` says what varies: the survey or its invitation. Someone in the `holdout` is not asked at all; `variant` is
    then `holdout`. Subject: the assignment.
    """

    TYPE: ClassVar[str] = "heed.survey.variant.assigned.v1"

    assignment_id: UUID
    experiment_id: UUID
    experiment_name: str
    survey_id: UUID
    of: Literal["survey", "invitation"]
    variant: str
    holdout: bool
    customer_id: UUID | None
    visitor_id: str | None
    assigned_at: datetime


class AskingChanged(Payload):
    """Somebody changed how customers are asked. `what` is `contact_policy`, `survey_policy`, `trigger`, `recurrence`,
    `experiment`, or something newer. Subject: that thing; for the account's policy, the account."""

    TYPE: ClassVar[str] = "heed.survey.asking.changed.v1"

    what: str
    change: Literal["created", "updated", "deleted"]
    survey_id: UUID | None
    changed: tuple[str, ...]


class CustomerReference(Part):
    """How the sender of an answer named the customer; at least one field is set.

    `order` is the number of an order of theirs, `handle` how a platform calls them (`<source>:<name>`): neither makes
    a new customer, and a handle alone finds none but one who is known by it.
    """

    id: UUID | None = None
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    order: str | None = None
    handle: str | None = None


class Answer(Part):
    """The value a question (by its key) was answered with: a number, a text, or what the question's type allows."""

    question: str
    value: Any


class ResponseReceived(Payload):
    """Answers were accepted. Subject: the response; its version is `revision`.

    One submission may be told of several times: each partial one holds all answers so far (`completed` is false), the
    last one completes it, and a change by the respondent afterwards is one more revision. The highest counts.
    """

    TYPE: ClassVar[str] = "heed.survey.response.received.v1"

    response_id: UUID
    survey_id: UUID
    survey_version: int
    submission_id: str
    customer: CustomerReference | None
    invitation_id: UUID | None
    ticket_id: UUID | None
    answers: tuple[Answer, ...]
    completed: bool
    channel: str
    touchpoint: str | None
    dimensions: dict[str, str]
    occurred_at: datetime
    received_at: datetime
    language: str | None = None
    revision: int = 1
    # The survey's hidden fields, and its variables at the end of the way; numbers as decimal text.
    hidden: dict[str, str] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)
    # The key of the ending that was reached. Who was screened out is not counted as having answered completely.
    ending: str | None = None
    screened_out: bool = False
    # The key of the quota that was full, or `responses` for the survey's response limit.
    over_quota: str | None = None
    # Why it may not come from a person, such as `too_fast`; empty for what looks like one.
    suspicious: tuple[str, ...] = ()
    # Nobody can tell whose answer it is: no customer, no invitation, times cut to the day.
    anonymous: bool = False


class ResponseWithdrawn(Payload):
    """Answers were taken back and are gone. Subject: the response."""

    TYPE: ClassVar[str] = "heed.survey.response.withdrawn.v1"

    response_id: UUID
    survey_id: UUID
    survey_version: int
    # By the respondent with the receipt's link, or because the person wanted to be forgotten.
    reason: Literal["respondent", "subject_request"]
    withdrawn_at: datetime


class AttemptObserved(Payload):
    """How far somebody came in answering. Subject: the attempt; its version grows with `state`.

    `displayed`: the survey was seen. `started`: something was entered. `dismissed`: closed before it was
    finished. `completed` and `screened_out`: the end was reached. Each is told once for an attempt.
    """

    TYPE: ClassVar[str] = "heed.survey.attempt.observed.v1"

    attempt_id: UUID
    survey_id: UUID
    survey_version: int
    state: Literal["displayed", "started", "dismissed", "completed", "screened_out"]
    channel: str
    touchpoint: str | None
    language: str | None
    dimensions: dict[str, str]
    # Both are null if the survey is anonymous or nobody knows who it was.
    customer_id: UUID | None
    invitation_id: UUID | None
    # The question that was seen last, by its key; null before the first.
    last_question: str | None
    observed_at: datetime
    suspicious: tuple[str, ...] = ()


class CustomerSighted(Payload):
    """An answer names a customer that survey does not know. Customers replies with `CustomerIdentified`.

    `verified` is false where nobody vouches for the name, as of mail that anybody may have sent: it may lead to
    somebody, and changes nothing about them. `answerable`, then: they ask to be answered there, so whom nobody knows is
    a new customer. Subject: the sighting, which is the response, or the feedback where there is no response.
    """

    TYPE: ClassVar[str] = "heed.survey.customer.sighted.v1"

    sighting_id: UUID
    customer: CustomerReference
    verified: bool = True
    answerable: bool = False

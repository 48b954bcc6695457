"""What the survey service tells the others: who was asked, and what they said."""

from datetime import datetime
from typing import Any, ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Part, Payload

RatingScheme = Literal["nps", "csat", "ces"]
Band = Literal["negative", "neutral", "positive"]


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


class CustomerReference(Part):
    """How the sender of an answer named the customer; at least one field is set."""

    id: UUID | None = None
    external_id: str | None = None
    email: str | None = None
    phone: str | None = None
    name: str | None = None


class Answer(Part):
    """The value a question (by its key) was answered with: a number, a text, or what the question's type allows."""

    question: str
    value: Any


class ResponseReceived(Payload):
    """Answers were accepted, once. Subject: the response."""

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


class CustomerSighted(Payload):
    """An answer names a customer that survey does not know. Customers replies with `CustomerIdentified`.

    Subject: the sighting, which is the response.
    """

    TYPE: ClassVar[str] = "heed.survey.customer.sighted.v1"

    sighting_id: UUID
    customer: CustomerReference


class Rating(Part):
    """A score on its own scale. `normalised` maps it to 0..100; `band` is the scheme's own reading of it.

    `value` always reads "higher is better": an effort score of a survey where high means hard is turned round.
    """

    scheme: RatingScheme
    value: int
    minimum: int
    maximum: int
    normalised: int
    band: Band


class Sentiment(Part):
    """`score` is -1..1; `method` says how it was reached (`rating`, `lexicon`)."""

    label: Band
    score: float
    method: str


class Topic(Part):
    """A topic and the words of the text that led to it."""

    key: str
    evidence: tuple[str, ...]


class FeedbackReceived(Payload):
    """Something was said, whatever the channel: understood, linked to its customer, ready to act on.

    Subject: the feedback.
    """

    TYPE: ClassVar[str] = "heed.survey.feedback.received.v1"

    feedback_id: UUID
    kind: str
    channel: str
    source: str
    survey_id: UUID | None
    survey_name: str | None
    response_id: UUID | None
    customer_id: UUID | None
    ticket_id: UUID | None
    rating: Rating | None
    text: str | None
    language: str | None
    sentiment: Sentiment | None
    topics: tuple[Topic, ...]
    touchpoint: str | None
    journey_stage: str | None
    dimensions: dict[str, str]
    completed: bool
    occurred_at: datetime
    received_at: datetime

"""What was said, on whatever channel, as the survey service tells it."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Payload
from shared.contracts.labels import Sentiment, Topic, Urgency
from shared.contracts.ratings import QuestionRating, Rating


class Feedback(Payload):
    """All that is known of something that was said. `origin_customer_id`, if merged since: where an answer goes.

    `rating` is the leading one of `ratings`; those that do not know several look at it alone. Without `ratings` it is
    the only one.
    """

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
    screened_out: bool = False
    suspicious: tuple[str, ...] = ()
    anonymous: bool = False
    origin_customer_id: UUID | None = None
    ratings: tuple[QuestionRating, ...] = ()
    urgency: Urgency | None = None
    # Of what a connected source sent, such as a review, a mail or a chat: how it is called there, what it is about.
    source_id: UUID | None = None
    external_id: str | None = None
    title: str | None = None
    url: str | None = None
    author_name: str | None = None
    verified: bool | None = None
    product_ref: str | None = None
    order_ref: str | None = None
    location_ref: str | None = None
    # The conversation that it belongs to.
    thread_id: UUID | None = None
    # No person wrote it: `auto_reply`, `bounce`, `loop` or `bulk`. It is never answered by a machine.
    automatic: str | None = None
    # It is no longer to be seen where it was said.
    removed: bool = False
    # What its author gave at first, if they have changed it since.
    first_rating: Rating | None = None


class FeedbackReceived(Feedback):
    """Something was said, whatever the channel: understood, linked to its customer, ready to act on.

    Subject: the feedback.
    """

    TYPE: ClassVar[str] = "heed.survey.feedback.received.v1"


class FeedbackUpdated(Feedback):
    """What was said is another now; all of it as it stands. Subject: the feedback, with its new version.

    It may overtake its `FeedbackReceived` and other updates: the highest version counts. `continued`: a partial answer
    grew; `completed`: it was finished; `changed`: the respondent changed it afterwards; `corrected`: a colleague
    corrected what the machine had made of it; `identified`: it is known now whose it is; `edited`: its author changed
    it where it was said; `removed`: it is no longer there; `relabelled`: a newer model or list of topics reads it
    differently.
    """

    TYPE: ClassVar[str] = "heed.survey.feedback.updated.v1"

    reason: Literal["continued", "completed", "changed", "corrected", "identified", "edited", "removed", "relabelled"]


class FeedbackErased(Payload):
    """What was said was taken back and is gone; forget its text and stop counting it. Subject: the feedback.

    It may come before the `FeedbackReceived` that it takes back.
    """

    TYPE: ClassVar[str] = "heed.survey.feedback.erased.v1"

    feedback_id: UUID
    response_id: UUID | None
    survey_id: UUID | None
    customer_id: UUID | None
    reason: Literal["respondent", "subject_request"]
    erased_at: datetime

"""From a response to the record of what was said: pure rules, given the survey's questions and who it was."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from services.survey.definition.document import Definition
from services.survey.definition.questions import LongText, ShortText
from services.survey.feedback.models import Feedback
from services.survey.feedback.ratings import is_reversed, ratings_of, whole_score
from services.survey.learning.reading import Reader
from services.survey.surveys.models import SurveyVersion
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.labels import Sentiment, Urgency
from shared.contracts.ratings import Rating
from shared.contracts.survey import ResponseReceived

KIND = "survey"
SOURCE = "heed"

Row = dict[str, Any]


def understood(
    response: ResponseReceived,
    survey: SurveyVersion,
    definition: Definition,
    *,
    feedback_id: UUID,
    account_id: UUID,
    locale: str | None,
    reader: Reader,
    now: datetime,
) -> Row:
    """A row of `feedback`, its customer left open. `locale` is the customer's, for want of a better."""
    values = {answer.question: answer.value for answer in response.answers}
    ratings = ratings_of(definition.questions, values)
    rating = ratings[0].rating if ratings else None
    leading = next((each for each in definition.scored if ratings and each.key == ratings[0].question), None)
    text = _text(definition, values)
    language = response.language or locale or definition.locales[0]
    analysis = reader.read(text, rating=rating, language_hint=language)
    return analysis.columns() | {
        "id": feedback_id,
        "account_id": account_id,
        "version": 1,
        "kind": KIND,
        "channel": response.channel,
        "source": SOURCE,
        "survey_id": response.survey_id,
        "survey_name": survey.name,
        "response_id": response.response_id,
        "customer_id": None,
        "origin_customer_id": None,
        "ticket_id": response.ticket_id,
        "scheme": rating.scheme if rating else None,
        "score": whole_score(leading, values[leading.key]) if leading is not None else None,
        "minimum": rating.minimum if rating else None,
        "maximum": rating.maximum if rating else None,
        "reversed": leading is not None and is_reversed(leading),
        "normalised": rating.normalised if rating else None,
        "band": rating.band if rating else None,
        "text": text,
        "touchpoint": response.touchpoint,
        "journey_stage": survey.journey_stage,
        "dimensions": response.dimensions,
        "completed": response.completed,
        "told": True,
        "occurred_at": response.occurred_at,
        "received_at": response.received_at,
        "updated_at": now,
        "ratings": [each.model_dump(mode="json") for each in ratings],
        "revision": response.revision,
        "anonymous": response.anonymous,
        "screened_out": response.screened_out,
        "suspicious": response.suspicious,
    }


def row_of(feedback: Feedback) -> Row:
    """As it stands in the table."""
    return {column.key: getattr(feedback, column.key) for column in Feedback.__table__.columns}


def told(row: Mapping[str, Any]) -> FeedbackReceived:
    """What the other services hear of a row."""
    same = {name: row[name] for name in FeedbackReceived.model_fields if name in row}
    return FeedbackReceived(
        **same,
        feedback_id=row["id"],
        rating=rating_of(row),
        removed=row.get("removed_at") is not None,
        sentiment=_sentiment_of(row),
        urgency=_urgency_of(row),
    )


def rating_of(row: Mapping[str, Any]) -> Rating | None:
    """The rating with `value` turned so that higher is better."""
    score = row["score"]
    if score is None:
        return None
    return Rating(
        scheme=row["scheme"],
        value=row["maximum"] + row["minimum"] - score if row["reversed"] else score,
        minimum=row["minimum"],
        maximum=row["maximum"],
        normalised=row["normalised"],
        band=row["band"],
    )


def _sentiment_of(row: Mapping[str, Any]) -> Sentiment | None:
    if row["sentiment_label"] is None:
        return None
    return Sentiment.model_validate({name: row[f"sentiment_{name}"] for name in Sentiment.model_fields})


def _urgency_of(row: Mapping[str, Any]) -> Urgency | None:
    if row["urgency_label"] is None:
        return None
    return Urgency.model_validate({name: row[f"urgency_{name}"] for name in Urgency.model_fields})


def _text(definition: Definition, values: Mapping[str, Any]) -> str | None:
    """All that was written in own words, in the order of the questions."""
    written = (
        values[question.key].strip()
        for question in definition.questions
        if isinstance(question, LongText | ShortText) and question.key in values
    )
    return "\n\n".join(text for text in written if text) or None

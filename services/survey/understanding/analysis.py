"""What a text tells: its language, how somebody feels, how much it presses, and what about. The one way in."""

from dataclasses import dataclass
from typing import Any

from services.survey.understanding.sentiment import read
from services.survey.understanding.topics import Taxonomy
from shared.contracts.labels import Sentiment, Topic, Urgency
from shared.contracts.ratings import Rating


@dataclass(frozen=True, slots=True)
class Analysis:
    """None, or no topics, where nothing tells."""

    language: str | None
    sentiment: Sentiment | None
    urgency: Urgency | None
    topics: tuple[Topic, ...]

    def columns(self) -> dict[str, Any]:
        """As a row of `feedback` has them."""
        sentiment = self.sentiment
        return {
            "language": self.language,
            "sentiment_label": sentiment.label if sentiment else None,
            "sentiment_score": sentiment.score if sentiment else None,
            "sentiment_method": sentiment.method if sentiment else None,
            "sentiment_evidence": sentiment.evidence if sentiment else (),
            "sentiment_model": sentiment.model if sentiment else None,
            "urgency_label": self.urgency.label if self.urgency else None,
            "urgency_evidence": self.urgency.evidence if self.urgency else (),
            "topics": [topic.model_dump(mode="json") for topic in self.topics],
        }


def analyse(text: str | None, *, rating: Rating | None, language_hint: str | None, taxonomy: Taxonomy) -> Analysis:
    """`rating`: the person's own, which outranks their words. `language_hint`: what their answer, their record or the
    platform says, such as `pt-BR`."""
    language = language_hint if text else None
    return Analysis(
        language=language,
        sentiment=sentiment_of(rating, text, language),
        urgency=None,
        topics=taxonomy.topics_of(text or ""),
    )


def sentiment_of(rating: Rating | None, text: str | None, language: str | None) -> Sentiment | None:
    """By the person's own rating if they gave one, else by their words; `method` says which. None if nothing tells."""
    if rating is not None:
        return Sentiment(label=rating.band, score=rating.normalised / 50 - 1, method="rating")
    found = read(text, language) if text and language is not None else None
    if found is None:
        return None
    return Sentiment(
        label=found.label, score=found.score, method=found.method, evidence=found.evidence, model=found.version
    )

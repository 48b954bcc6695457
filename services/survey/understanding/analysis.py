"""What a text tells: its language, how somebody feels, how much it presses, and what about. The one way in."""

from dataclasses import dataclass
from typing import Any

from services.survey.understanding.labels import Sentiment, Topic, Urgency
from services.survey.understanding.languages import detect
from services.survey.understanding.phrases import Tokens
from services.survey.understanding.sentiment import read
from services.survey.understanding.topics import Taxonomy
from services.survey.understanding.urgency import urgency_of
from services.survey.understanding.words import composed
from shared.contracts.ratings import Band, Rating

_OPPOSITE: dict[Band, Band] = {"negative": "positive", "positive": "negative"}


@dataclass(frozen=True, slots=True)
class Analysis:
    """None, or no topics, where nothing tells. `language` is that of the text: as it was declared, or as it reads."""

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
            "sentiment_mixed": sentiment.mixed if sentiment else False,
            "urgency_label": self.urgency.label if self.urgency else None,
            "urgency_evidence": self.urgency.evidence if self.urgency else (),
            "topics": [topic._asdict() for topic in self.topics],
        }


def analyse(text: str | None, *, rating: Rating | None, language_hint: str | None, taxonomy: Taxonomy) -> Analysis:
    """`rating`: the person's own, which outranks their words. `language_hint`: what their answer, their record or the
    platform says, such as `pt-BR`; a text that clearly reads otherwise overrules it."""
    if not text or not text.strip():
        return Analysis(None, sentiment_of(rating, None, None), None, ())
    text = composed(text)
    detected = detect(text, language_hint)
    sentiment = sentiment_of(rating, text, detected.language)
    tokens = Tokens(text)
    # Words are looked for in all languages where the text is too short to tell.
    sure = detected.language.split("-")[0].lower() if detected.certain and detected.language else None
    return Analysis(
        language=detected.language,
        sentiment=sentiment,
        urgency=urgency_of(tokens, sure, sentiment.label if sentiment else None),
        topics=taxonomy.topics_of(tokens, sure),
    )


def sentiment_of(rating: Rating | None, text: str | None, language: str | None) -> Sentiment | None:
    """By the person's own rating if they gave one, else by their words; `method` says which. None if nothing tells."""
    found = read(text, language) if text else None
    if rating is not None:
        score = rating.normalised / 50 - 1
        if found is None or found.label != _OPPOSITE.get(rating.band):
            return Sentiment(label=rating.band, score=score, method="rating", mixed=found is not None and found.mixed)
        return Sentiment(label=rating.band, score=score, method="rating", evidence=found.evidence, mixed=True)
    if found is None:
        return None
    return Sentiment(
        label=found.label,
        score=found.score,
        method=found.method,
        evidence=found.evidence,
        model=found.version,
        mixed=found.mixed,
    )

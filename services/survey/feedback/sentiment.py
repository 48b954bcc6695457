"""How somebody feels: by their own rating if they gave one, else by their words. `method` says which it was."""

from services.survey.understanding.sentiment import read
from shared.contracts.ratings import Rating
from shared.contracts.survey import Sentiment


def sentiment_of(rating: Rating | None, text: str | None, language: str | None) -> Sentiment | None:
    """None if nothing tells."""
    if rating is not None:
        return Sentiment(label=rating.band, score=rating.normalised / 50 - 1, method="rating")
    found = read(text, language) if text and language is not None else None
    if found is None:
        return None
    return Sentiment(
        label=found.label, score=found.score, method=found.method, evidence=found.evidence, model=found.version
    )

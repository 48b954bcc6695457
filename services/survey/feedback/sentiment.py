"""How somebody feels: by their own rating if they gave one, else by a lexicon if the language has one.

The lexicon is VADER (Hutto and Gilbert 2014), English only; it reads words, not irony. `method` says which it was.
"""

from functools import cache
from typing import Any

from shared.contracts.ratings import Band, Rating
from shared.contracts.survey import Sentiment

# VADER's own thresholds for its compound score.
_POSITIVE_FROM, _NEGATIVE_TO = 0.05, -0.05


def sentiment_of(rating: Rating | None, text: str | None, language: str | None) -> Sentiment | None:
    """None if nothing tells."""
    if rating is not None:
        return Sentiment(label=rating.band, score=rating.normalised / 50 - 1, method="rating")
    if text and language is not None and language.split("-")[0] == "en":
        return _by_lexicon(text)
    return None


def _by_lexicon(text: str) -> Sentiment:
    score = float(_analyser().polarity_scores(text)["compound"])
    label: Band = "neutral"
    if score >= _POSITIVE_FROM:
        label = "positive"
    elif score <= _NEGATIVE_TO:
        label = "negative"
    return Sentiment(label=label, score=score, method="lexicon")


@cache
def _analyser() -> Any:
    # Reads a large word list, which a process that never meets a bare text need not keep.
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    return SentimentIntensityAnalyzer()

"""How well the words of a text tell how somebody feels, set by set, beside VADER.

No set is scored by a model that saw any of its rows: one of English by a model trained on the others, and of
the tweets the part that their makers set aside for validation.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import correlation, fmean
from typing import Any

from services.survey.understanding.features import see
from services.survey.understanding.lexicon import lexicon_of
from services.survey.understanding.sentiment import Model, Reading, by_lexicon, by_model
from services.survey.understanding.words import composed
from tests.eval.datasets import SENTENCES, TWEET_LANGUAGES, Rated, dutch, sentences, snippets, tweets
from tests.eval.training import macro_f1, parts_of, recipe_of, train

AMAZON = "amazonReviewSnippets"


@dataclass(frozen=True, slots=True)
class Mark:
    """One line of the table; `goal` is None where there is none to reach."""

    what: str
    heed: float
    vader: float | None
    goal: float | None


def marks() -> Iterator[Mark]:
    accuracies = []
    for name in SENTENCES:
        rows = sentences(name)
        found = readings(rows, "en", without(name))
        accuracies.append(_accuracy(rows, [reading.score for reading in found]))
        yield Mark(f"{name}, accuracy", accuracies[-1], _accuracy(rows, _vader(rows)), None)
    yield Mark("the three sentence sets, mean accuracy", fmean(accuracies), 0.817, 0.86)
    rows = snippets(AMAZON)
    scores = [reading.score for reading in readings(rows, "en", without(AMAZON))]
    values = [row.value for row in rows]
    yield Mark("Amazon snippets, r", correlation(values, scores), correlation(values, _vader(rows)), 0.62)
    yield Mark("Amazon snippets, weighted F1", _weighted(rows, scores), _weighted(rows, _vader(rows)), 0.66)
    yield from _of_dutch()
    for language in TWEET_LANGUAGES:
        yield from _of_tweets(language)


def _of_dutch() -> Iterator[Mark]:
    rows = dutch()
    found = _classes(readings(rows, "nl", None))
    gold = [int(row.value) for row in rows]
    yield Mark("nl sentences of our own, macro-F1, lexicon", macro_f1(gold, found), _vader_f1(rows), None)


def _of_tweets(language: str) -> Iterator[Mark]:
    rows = tweets(language, "val")
    gold = [int(row.value) for row in rows]
    only_words = readings(rows, language, None)
    yield Mark(
        f"{language} tweets, macro-F1, lexicon alone", macro_f1(gold, _classes(only_words)), _vader_f1(rows), None
    )
    model = train(language, parts_of(language), recipe_of(language))
    yield Mark(
        f"{language} tweets, macro-F1, model", macro_f1(gold, _classes(readings(rows, language, model))), None, None
    )


def without(name: str) -> Model:
    return train("en", [part for part in parts_of("en") if part.name != name], recipe_of("en"))


def readings(rows: Sequence[Rated], language: str, model: Model | None) -> list[Reading]:
    lexicon = lexicon_of(language)
    assert lexicon is not None
    found = []
    for row in rows:
        text = composed(row.text)
        seen = see(text, lexicon, pieces=model is not None and model.pieces)
        found.append(by_lexicon(text, seen, language) if model is None else by_model(text, seen, model))
    return found


def _classes(readings: Sequence[Reading]) -> list[int]:
    return [{"negative": -1, "neutral": 0, "positive": 1}[reading.label] for reading in readings]


def _accuracy(rows: Sequence[Rated], scores: Sequence[float]) -> float:
    return fmean((row.value > 0) == (score > 0) for row, score in zip(rows, scores, strict=True))


def _weighted(rows: Sequence[Rated], scores: Sequence[float]) -> float:
    """The sign of what the raters said against the sign of the score."""
    from sklearn.metrics import f1_score

    def sign(value: float) -> int:
        return (value > 0) - (value < 0)

    gold, found = [sign(row.value) for row in rows], [sign(score) for score in scores]
    return float(f1_score(gold, found, average="weighted"))


def _vader(rows: Sequence[Rated]) -> list[float]:
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    polarity: Callable[[str], Any] = SentimentIntensityAnalyzer().polarity_scores
    return [float(polarity(row.text)["compound"]) for row in rows]


def _vader_f1(rows: Sequence[Rated]) -> float:
    found = [1 if score >= 0.05 else -1 if score <= -0.05 else 0 for score in _vader(rows)]
    return macro_f1([int(row.value) for row in rows], found)

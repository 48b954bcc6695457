"""Scores, as everybody who hears of them reads them."""

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import PlainSerializer

from shared.contracts.base import Part

# `binary` is recommended or not, 1 or 0 on 0..1: a feeling, which is never averaged with points.
RatingScheme = Literal["nps", "csat", "ces", "csi", "rating", "binary"]
Band = Literal["negative", "neutral", "positive"]
DecimalText = Annotated[Decimal, PlainSerializer(lambda value: format(value, "f"), return_type=str)]


class Rating(Part):
    """A score on its own scale. `normalised` maps it to 0..100; `band` is the scheme's own reading of it.

    `value` always reads "higher is better": an effort score of a survey where high means hard is turned round. That of
    an index (`csi`) is on 0..100, rounded to whole points.
    """

    scheme: RatingScheme
    value: int
    minimum: int
    maximum: int
    normalised: int
    band: Band


class ItemScore(Part):
    """What one item of an index got, by its id, on the question's own scale."""

    item: str
    score: int


class QuestionRating(Part):
    """What one scored question, named by its key, was answered with.

    Of an index `index` is the exact value: 100 · Σ weight · (score - minimum) / (maximum - minimum) / Σ weight over the
    items that were scored, to four places.
    """

    question: str
    rating: Rating
    index: DecimalText | None = None
    items: tuple[ItemScore, ...] = ()

"""What scores mean on their own scale.

Bands: NPS 0-6 detractor, 7-8 passive, 9-10 promoter (Reichheld 2003). CSAT and plain ratings: the best score of a scale
of 2 or 3 and the best two of a longer one are positive, as many of the lowest negative. CES: the upper half is easy,
the lower hard, a middle neutral; where high means hard the score is turned round first, v' = maximum + minimum - v. An
index is negative below 50 and positive from 75 on, which is our choice.
"""

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any, Final

from services.survey.definition.questions import CES, CSI, NPS, SCORED, Question, Scored, bounds
from shared.contracts.ratings import Band, ItemScore, QuestionRating, Rating

INDEX_SCALE: Final = (0, 100)
# Of an index at least this share of the items must apply to somebody; the weights of the others grow.
FEWEST_ITEMS: Final = Fraction(2, 3)
_FOUR_PLACES: Final = Decimal("0.0001")


def ratings_of(questions: Iterable[Question], values: Mapping[str, Any]) -> tuple[QuestionRating, ...]:
    """One for each scored question that was answered, in the survey's order; `values` are answers that fit."""
    scored = (question for question in questions if isinstance(question, SCORED) and question.key in values)
    rated = (rate(question, values[question.key]) for question in scored)
    return tuple(rating for rating in rated if rating is not None)


def rate(question: Scored, value: Any) -> QuestionRating | None:
    """`value` of the rating reads "higher is better". None for an index that lacks too much."""
    score = whole_score(question, value)
    if score is None:
        return None
    minimum, maximum = scale_of(question)
    if is_reversed(question):
        score = maximum + minimum - score
    rating = Rating(
        scheme=question.type,
        value=score,
        minimum=minimum,
        maximum=maximum,
        normalised=normalise(score, minimum, maximum),
        band=band_of(question, score),
    )
    if not isinstance(question, CSI):
        return QuestionRating(question=question.key, rating=rating)
    exact = index_of(question, value)
    assert exact is not None
    items = tuple(ItemScore(item=item, score=each) for item, each in value.items() if each is not None)
    places = Decimal(exact.numerator) / Decimal(exact.denominator)
    return QuestionRating(
        question=question.key, rating=rating, index=places.quantize(_FOUR_PLACES, ROUND_HALF_UP), items=items
    )


def whole_score(question: Scored, value: Any) -> int | None:
    """As it was given; of an index the nearest point on 0..100."""
    if not isinstance(question, CSI):
        score: int = value
        return score
    index = index_of(question, value)
    return None if index is None else int(index + Fraction(1, 2))


def index_of(question: CSI, value: Mapping[str, int | None]) -> Fraction | None:
    """100 · Σ weight · (score - minimum) / (maximum - minimum) / Σ weight, over the items that apply.

    None if an item was left out, or too few apply. With satisfaction, expectations and ideal on 1..10 and equal weights
    this is the ACSI's (S + E + I - 3) / 27 · 100.
    """
    scored = [(item, score) for item in question.items if (score := value.get(item.id)) is not None]
    is_whole = all(item.id in value for item in question.items)
    if not is_whole or not scored or len(scored) < FEWEST_ITEMS * len(question.items):
        return None
    lowest, highest = bounds(question)
    total = sum((Fraction(item.weight) * (score - lowest) for item, score in scored), Fraction(0))
    return 100 * total / (highest - lowest) / sum((Fraction(item.weight) for item, _ in scored), Fraction(0))


def scale_of(question: Scored) -> tuple[int, int]:
    return INDEX_SCALE if isinstance(question, CSI) else bounds(question)


def is_reversed(question: Scored) -> bool:
    return isinstance(question, CES) and question.direction == "high_is_bad"


def band_of(question: Scored, value: int) -> Band:
    """`value` reads "higher is better"."""
    neutral_from, positive_from = _thresholds(question)
    if value < neutral_from:
        return "negative"
    return "neutral" if value < positive_from else "positive"


def normalise(value: int, minimum: int, maximum: int) -> int:
    """0..100, half up: whole arithmetic, since `round` takes halves to the even neighbour."""
    span = maximum - minimum
    return (200 * (value - minimum) + span) // (2 * span)


def _thresholds(question: Scored) -> tuple[int, int]:
    """The lowest neutral and the lowest positive score."""
    if isinstance(question, NPS):
        return 7, 9
    if isinstance(question, CSI):
        return 50, 75
    points = question.points
    boxes = points // 2 if isinstance(question, CES) else 1 if points <= 3 else 2
    return boxes + 1, points - boxes + 1

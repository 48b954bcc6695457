"""What a score means on its own scale.

Bands: NPS 0-6 detractor, 7-8 passive, 9-10 promoter (Reichheld 2003). CSAT of five points: 4 and 5 are satisfied, 3 is
neutral (top-two box). CES of seven points: 5-7 easy, 4 neutral, 1-3 hard; where high means hard the score is turned
round first, v' = maximum + minimum - v.
"""

from services.survey.surveys.questions import RatingQuestion
from shared.contracts.ratings import Band, Rating, RatingScheme

# The lowest neutral and the lowest positive score of each scheme.
_THRESHOLDS: dict[RatingScheme, tuple[int, int]] = {"nps": (7, 9), "csat": (3, 4), "ces": (4, 5)}


def rate(question: RatingQuestion, score: int) -> Rating:
    """`value` of the result reads "higher is better"."""
    minimum, maximum = question.minimum, question.maximum
    value = maximum + minimum - score if question.direction == "high_is_bad" else score
    return Rating(
        scheme=question.scheme,
        value=value,
        minimum=minimum,
        maximum=maximum,
        normalised=normalise(value, minimum, maximum),
        band=band_of(question.scheme, value),
    )


def band_of(scheme: RatingScheme, value: int) -> Band:
    neutral_from, positive_from = _THRESHOLDS[scheme]
    if value < neutral_from:
        return "negative"
    return "neutral" if value < positive_from else "positive"


def normalise(value: int, minimum: int, maximum: int) -> int:
    """0..100, half up: whole arithmetic, since `round` takes halves to the even neighbour."""
    span = maximum - minimum
    return (200 * (value - minimum) + span) // (2 * span)

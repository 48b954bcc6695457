"""What a sender's rating is on the scales that scores have here."""

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from services.survey.feedback.ratings import normalise
from services.survey.hearing.canonical import ItemRating, RatingKind
from shared.contracts.ratings import Band, Rating, RatingScheme

# Faces are a plain rating; an NPS that is not on 0..10 is one too.
_SCHEMES: Final[Mapping[RatingKind, RatingScheme]] = {
    "stars": "rating",
    "smiley": "rating",
    "csat": "csat",
    "ces": "ces",
    "nps": "nps",
    "binary": "binary",
}
# Scores are whole numbers: 4.5 of 5 stars is 9 on 2..10. What none of these makes whole is rounded to hundredths.
_FACTORS: Final = (1, 2, 4, 10, 100)
# Longer scales than this are read as shares of the whole, as an index is.
_MOST_POINTS: Final = 11


@lru_cache(maxsize=1_024)
def rating_of(given: ItemRating) -> Rating:
    """Bands as `feedback.ratings` has them, by the points of the sender's own scale."""
    scheme = _SCHEMES[given.kind]
    if scheme == "nps" and (int(given.minimum), int(given.maximum)) != (0, 10):
        scheme = "rating"
    if scheme == "binary":
        return _binary(given)
    factor = next((each for each in _FACTORS if _is_whole(given, each)), _FACTORS[-1])
    value, minimum, maximum = (_whole(each * factor) for each in (given.value, given.minimum, given.maximum))
    normalised = normalise(value, minimum, maximum)
    return Rating(
        scheme=scheme,
        value=value,
        minimum=minimum,
        maximum=maximum,
        normalised=normalised,
        band=_band(given, scheme, normalised),
    )


def _binary(given: ItemRating) -> Rating:
    liked = 2 * given.value > given.minimum + given.maximum
    band: Band = "positive" if liked else "negative"
    return Rating(scheme="binary", value=int(liked), minimum=0, maximum=1, normalised=100 * int(liked), band=band)


def _band(given: ItemRating, scheme: RatingScheme, normalised: int) -> Band:
    neutral_from, positive_from = _thresholds(given, scheme)
    place = given.value if given.maximum - given.minimum < _MOST_POINTS else Decimal(normalised)
    if place < neutral_from:
        return "negative"
    return "neutral" if place < positive_from else "positive"


def _thresholds(given: ItemRating, scheme: RatingScheme) -> tuple[Decimal, Decimal]:
    points = int(given.maximum - given.minimum) + 1
    if scheme == "nps":
        return Decimal(7), Decimal(9)
    if points > _MOST_POINTS:
        return Decimal(50), Decimal(75)
    boxes = points // 2 if scheme == "ces" else 1 if points <= 3 else 2
    return given.minimum + boxes, given.maximum - boxes + 1


def _is_whole(given: ItemRating, factor: int) -> bool:
    return all((each * factor) % 1 == 0 for each in (given.value, given.minimum, given.maximum))


def _whole(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))

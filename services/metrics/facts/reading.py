"""From an event to a fact: which number it carries, and whether it counts."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

from services.metrics.facts.models import UNRATED
from shared.contracts.feedback import Feedback
from shared.contracts.ratings import Rating, RatingScheme

# Who writes a public review chose to; who answers a survey was chosen. Their scores are families of their own, and so
# are recommendations (yes or no), which would inflate both ends of any scale. `rerated`: 1 if its author has raised a
# review's rating since they first gave it, 0 if they lowered it.
Family = RatingScheme | Literal["review", "recommendation", "rerated"]
_OF_REVIEWS: Final[Mapping[str, Family]] = {"rating": "review", "binary": "recommendation"}
REVIEW: Final = "review"

# A rollup has one column for each score from 0 to this.
HIGHEST_SCORE = 10
_NPS_SCALE = (0, 10)
# An index has any value of its scale; it is counted by whole tens, and summed exactly.
INDEX: Final = "csi"
_INDEX_SCALE = (0, 100)
_TENS = 10
# Platforms rate on scales of their own: 4.37 of 5 is 437 on 100..500, and some go from 0 to 100.
_PLAIN = "rating"


class Exclusion(StrEnum):
    """Why a fact does not count. `outside_scale`: the rating does not fit its scale, or its scale not the scheme.

    `restricted`: the customer's data may only be kept. `no_consent`: the customer does not want to be computed on.
    """

    INCOMPLETE = "incomplete"
    NO_RATING = "no_rating"
    OUTSIDE_SCALE = "outside_scale"
    RESTRICTED = "restricted"
    NO_CONSENT = "no_consent"


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one fact; without a rating there are none. `flaw` is why it does not count, whoever said it."""

    scheme: str
    minimum: int | None
    maximum: int | None
    value: int | None
    points: int | None
    index: Decimal | None
    flaw: Exclusion | None


def read(rating: Rating | None, *, completed: bool, index: Decimal | None = None) -> Reading:
    """`index` is the exact value of an index whose rating is rounded. A plain rating on a longer scale than there are
    scores to count is counted by its nearest tenth."""
    if rating is None:
        return Reading(UNRATED, None, None, None, None, None, Exclusion.NO_RATING)
    flaw = None if completed else Exclusion.INCOMPLETE
    if rating.scheme == INDEX:
        exact = Decimal(rating.value) if index is None else index
        if (rating.minimum, rating.maximum) == _INDEX_SCALE and 0 <= exact <= _INDEX_SCALE[1]:
            return Reading(INDEX, 0, HIGHEST_SCORE, rating.value, int(exact) // _TENS, exact, flaw)
    elif fits(rating):
        return Reading(rating.scheme, rating.minimum, rating.maximum, rating.value, points(rating), None, flaw)
    elif rating.scheme == _PLAIN and rating.minimum <= rating.value <= rating.maximum > HIGHEST_SCORE:
        tenths = (rating.normalised + _TENS // 2) // _TENS
        return Reading(_PLAIN, 0, HIGHEST_SCORE, rating.value, tenths, None, flaw)
    return Reading(rating.scheme, None, None, rating.value, None, None, Exclusion.OUTSIDE_SCALE)


def as_family(feedback: Feedback, reading: Reading) -> Reading:
    """`reading` of its rating, counted among its like."""
    if feedback.kind != REVIEW or reading.scheme not in _OF_REVIEWS:
        return reading
    return replace(reading, scheme=_OF_REVIEWS[reading.scheme])


def rerated(feedback: Feedback) -> Reading | None:
    """None for what is no review, or is rated as it was at first."""
    before, now = feedback.first_rating, feedback.rating
    if feedback.kind != REVIEW or before is None or now is None or before.normalised == now.normalised:
        return None
    raised = int(now.normalised > before.normalised)
    return Reading("rerated", 0, 1, raised, raised, None, None)


def fits(rating: Rating) -> bool:
    """Whether the value lies on its scale, and the scale is one that the scheme is counted on."""
    if rating.scheme == "nps" and (rating.minimum, rating.maximum) != _NPS_SCALE:
        return False
    return 0 <= rating.minimum <= rating.value <= rating.maximum <= HIGHEST_SCORE and rating.minimum < rating.maximum


def points(rating: Rating) -> int:
    """The value, turned round if the scale says that less is better ("how much effort was it?").

    `normalised` is the sender's own reading from bad to good, so it tells the direction: the scale is turned if the
    value's place from the top comes closer to it than its place from the bottom.
    """
    width = rating.maximum - rating.minimum
    upwards = abs(100 * (rating.value - rating.minimum) - rating.normalised * width)
    downwards = abs(100 * (rating.maximum - rating.value) - rating.normalised * width)
    return rating.value if upwards <= downwards else rating.maximum + rating.minimum - rating.value

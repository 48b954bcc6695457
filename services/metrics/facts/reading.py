"""From an event to a fact: which number it carries, and whether it counts."""

from dataclasses import dataclass
from enum import StrEnum

from services.metrics.facts.models import UNRATED
from shared.contracts.ratings import Rating
from shared.contracts.survey import FeedbackReceived

# A rollup has one column for each score from 0 to this.
HIGHEST_SCORE = 10
_NPS_SCALE = (0, 10)


class Exclusion(StrEnum):
    """Why feedback does not count. `outside_scale`: the rating does not fit its scale, or its scale not the scheme."""

    INCOMPLETE = "incomplete"
    NO_RATING = "no_rating"
    OUTSIDE_SCALE = "outside_scale"


@dataclass(frozen=True, slots=True)
class Reading:
    """The numbers of one fact; without a rating there are none."""

    scheme: str
    minimum: int | None
    maximum: int | None
    value: int | None
    points: int | None
    exclusion: Exclusion | None


def read(feedback: FeedbackReceived) -> Reading:
    rating = feedback.rating
    if rating is None:
        return Reading(UNRATED, None, None, None, None, Exclusion.NO_RATING)
    if not fits(rating):
        return Reading(rating.scheme, None, None, rating.value, None, Exclusion.OUTSIDE_SCALE)
    exclusion = None if feedback.completed else Exclusion.INCOMPLETE
    return Reading(rating.scheme, rating.minimum, rating.maximum, rating.value, points(rating), exclusion)


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

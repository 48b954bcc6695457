"""Which number feedback carries, and whether it counts."""

import pytest

from services.metrics.facts.reading import Exclusion, points, read
from shared.contracts.ratings import Rating, RatingScheme
from tests.metrics.builders import feedback, rating


def scored(scheme: RatingScheme, value: int, minimum: int, maximum: int, normalised: int) -> Rating:
    return Rating(scheme=scheme, value=value, minimum=minimum, maximum=maximum, normalised=normalised, band="neutral")


class TestPoints:
    @pytest.mark.parametrize(("value", "normalised", "expected"), [(1, 100, 7), (2, 83, 6), (4, 50, 4), (7, 0, 1)])
    def test_of_a_scale_on_which_less_is_better_are_turned_round(
        self, value: int, normalised: int, expected: int
    ) -> None:
        assert points(scored("ces", value, 1, 7, normalised)) == expected

    @pytest.mark.parametrize("value", range(11))
    def test_of_other_scales_are_the_value(self, value: int) -> None:
        assert points(scored("nps", value, 0, 10, value * 10)) == value


class TestWhatCounts:
    def test_a_finished_rated_answer_does(self) -> None:
        reading = read(feedback(rating=rating("nps", 9)))
        assert (reading.points, reading.exclusion) == (9, None)

    def test_an_unfinished_answer_does_not(self) -> None:
        assert read(feedback(rating=rating("nps", 9), completed=False)).exclusion is Exclusion.INCOMPLETE

    @pytest.mark.parametrize("completed", [True, False])
    def test_an_answer_without_a_rating_does_not(self, completed: bool) -> None:
        assert read(feedback(rating=None, completed=completed)).exclusion is Exclusion.NO_RATING

    @pytest.mark.parametrize(
        "rated",
        [
            scored("nps", 11, 0, 10, 100),
            scored("nps", 3, 1, 5, 50),
            scored("csat", 80, 0, 100, 80),
            scored("csat", 6, 1, 5, 100),
            scored("ces", 0, 1, 7, 0),
        ],
    )
    def test_a_rating_that_does_not_fit_does_not(self, rated: Rating) -> None:
        assert read(feedback(rating=rated)).exclusion is Exclusion.OUTSIDE_SCALE

"""Which number feedback carries, and whether it counts."""

from decimal import Decimal

import pytest

from services.metrics.facts.reading import Exclusion, points, read
from shared.contracts.ratings import Rating, RatingScheme
from tests.metrics.builders import rating


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
        reading = read(rating("nps", 9), completed=True)
        assert (reading.points, reading.flaw) == (9, None)

    def test_an_unfinished_answer_does_not(self) -> None:
        assert read(rating("nps", 9), completed=False).flaw is Exclusion.INCOMPLETE

    @pytest.mark.parametrize("completed", [True, False])
    def test_an_answer_without_a_rating_does_not(self, completed: bool) -> None:
        assert read(None, completed=completed).flaw is Exclusion.NO_RATING

    @pytest.mark.parametrize(
        "rated",
        [
            scored("nps", 11, 0, 10, 100),
            scored("nps", 3, 1, 5, 50),
            scored("csat", 80, 0, 100, 80),
            scored("rating", 501, 100, 500, 100),
            scored("csat", 6, 1, 5, 100),
            scored("ces", 0, 1, 7, 0),
            scored("csi", 7, 1, 10, 67),
            scored("csi", 101, 0, 100, 100),
        ],
    )
    def test_a_rating_that_does_not_fit_does_not(self, rated: Rating) -> None:
        assert read(rated, completed=True).flaw is Exclusion.OUTSIDE_SCALE

    @pytest.mark.parametrize(
        ("rated", "tenths"),
        [
            (scored("rating", 437, 100, 500, 84), 8),
            (scored("rating", 84, 0, 100, 84), 8),
            (scored("rating", 85, 0, 100, 85), 9),
            (scored("rating", 100, 0, 100, 100), 10),
            (scored("rating", 103, -103, 103, 100), 10),
            (scored("rating", 0, 0, 100, 0), 0),
        ],
    )
    def test_a_plain_rating_on_a_long_scale_does_by_its_tenths(self, rated: Rating, tenths: int) -> None:
        reading = read(rated, completed=True)
        assert (reading.minimum, reading.maximum, reading.points) == (0, 10, tenths)
        assert (reading.value, reading.flaw) == (rated.value, None)

    @pytest.mark.parametrize(("exact", "tens"), [("0", 0), ("9.9999", 0), ("77.7778", 7), ("100", 10)])
    def test_an_index_does_by_its_tens_and_exactly(self, exact: str, tens: int) -> None:
        reading = read(scored("csi", 50, 0, 100, 50), completed=True, index=Decimal(exact))
        assert (reading.points, reading.index, reading.flaw) == (tens, Decimal(exact), None)

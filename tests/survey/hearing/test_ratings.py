"""Ratings of senders, on the scales that scores have here (inputs: stars, thumbs, faces, shares)."""

from decimal import Decimal

import pytest

from services.survey.hearing.canonical import ItemRating, RatingKind
from services.survey.hearing.ratings import rating_of


@pytest.mark.parametrize(
    ("kind", "value", "scale", "expected"),
    [
        ("stars", "1", (1, 5), ("rating", 1, 1, 5, 0, "negative")),
        ("stars", "3", (1, 5), ("rating", 3, 1, 5, 50, "neutral")),
        ("stars", "4", (1, 5), ("rating", 4, 1, 5, 75, "positive")),
        ("stars", "4.5", (1, 5), ("rating", 9, 2, 10, 88, "positive")),
        ("stars", "2.5", (1, 5), ("rating", 5, 2, 10, 38, "negative")),
        ("stars", "4.37", (1, 5), ("rating", 437, 100, 500, 84, "positive")),
        ("stars", "84", (0, 100), ("rating", 84, 0, 100, 84, "positive")),
        ("smiley", "2", (1, 3), ("rating", 2, 1, 3, 50, "neutral")),
        ("csat", "2", (1, 5), ("csat", 2, 1, 5, 25, "negative")),
        ("ces", "4", (1, 7), ("ces", 4, 1, 7, 50, "neutral")),
        ("nps", "8", (0, 10), ("nps", 8, 0, 10, 80, "neutral")),
        ("nps", "9", (1, 10), ("rating", 9, 1, 10, 89, "positive")),
        ("binary", "1", (0, 1), ("binary", 1, 0, 1, 100, "positive")),
        ("binary", "-1", (-1, 1), ("binary", 0, 0, 1, 0, "negative")),
    ],
)
def test_means_the_same_here(
    kind: RatingKind, value: str, scale: tuple[int, int], expected: tuple[str, int, int, int, int, str]
) -> None:
    minimum, maximum = map(Decimal, scale)
    rating = rating_of(ItemRating(raw=value, value=Decimal(value), minimum=minimum, maximum=maximum, kind=kind))
    assert (
        rating.scheme,
        rating.value,
        rating.minimum,
        rating.maximum,
        rating.normalised,
        rating.band,
    ) == expected

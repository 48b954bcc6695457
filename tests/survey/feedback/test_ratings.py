"""What a score means."""

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.questions import SCORED, Scored
from services.survey.feedback.ratings import normalise, rate, ratings_of, scale_of
from shared.contracts.ratings import Rating
from tests.survey.definition import making
from tests.survey.definition.making import definition, page


def question(type: str, **fields: Any) -> Scored:
    [asked] = definition(page("p", making.question("q", type, **fields))).questions
    assert isinstance(asked, SCORED)
    return asked


def rated(asked: Scored, value: Any) -> Rating:
    found = rate(asked, value)
    assert found is not None
    return found.rating


def index(value: dict[str, int | None], **fields: Any) -> Decimal | None:
    """Of satisfaction, expectations and ideal, 1..10, as the ACSI has them."""
    weights = fields.pop("weights", (1, 1, 1))
    items = [
        {"id": name, "label": {"en": name}, "weight": weight}
        for name, weight in zip(("satisfaction", "expectations", "ideal"), weights, strict=True)
    ]
    found = rate(question("csi", items=items, allow_not_applicable=True), value)
    return None if found is None else found.index


class TestBands:
    @pytest.mark.parametrize(
        ("type", "fields", "bands"),
        [
            ("nps", {}, "-------==++"),
            ("csat", {"points": 2}, "-+"),
            ("csat", {"points": 3}, "-=+"),
            ("csat", {"points": 4}, "--++"),
            ("csat", {"points": 5}, "--=++"),
            ("csat", {"points": 7}, "--===++"),
            ("csat", {"points": 10}, "--======++"),
            ("ces", {"points": 5}, "--=++"),
            ("ces", {"points": 7}, "---=+++"),
            ("rating", {"points": 5}, "--=++"),
        ],
    )
    def test_follow_the_scheme(self, type: str, fields: dict[str, Any], bands: str) -> None:
        asked = question(type, **fields)
        lowest, highest = scale_of(asked)
        signs = {"negative": "-", "neutral": "=", "positive": "+"}
        assert "".join(signs[rated(asked, score).band] for score in range(lowest, highest + 1)) == bands

    def test_effort_where_high_is_hard_is_turned_round_first(self) -> None:
        hard = question("ces", direction="high_is_bad")
        turned = [rated(hard, raw) for raw in (1, 2, 7)]
        assert [rating.value for rating in turned] == [7, 6, 1]
        assert [rating.band for rating in turned] == ["positive", "positive", "negative"]


class TestAnIndex:
    def test_of_equal_weights_is_the_acsi(self) -> None:
        assert index({"satisfaction": 8, "expectations": 7, "ideal": 9}) == Decimal("77.7778")

    def test_follows_the_weights(self) -> None:
        # Those that the state of Ohio published for its ACSI.
        weights = (0.3885, 0.3190, 0.2925)
        found = index({"satisfaction": 8, "expectations": 7, "ideal": 9}, weights=weights)
        assert found is not None
        assert round(found, 2) == Decimal("77.48")

    def test_leaves_out_what_does_not_apply_while_most_of_it_does(self) -> None:
        assert index({"satisfaction": 10, "expectations": 10, "ideal": None}) == 100
        assert index({"satisfaction": 10, "expectations": None, "ideal": None}) is None
        assert index({"satisfaction": 10, "expectations": 10}) is None

    def test_reads_as_a_whole_number_too(self) -> None:
        asked = question("csi")
        found = rate(asked, {"speed": 7, "price": 10})
        assert found is not None
        assert (found.rating.value, found.rating.minimum, found.rating.maximum) == (83, 0, 100)
        assert (found.rating.band, [item.score for item in found.items]) == ("positive", [7, 10])


class TestRatingsOf:
    def test_there_is_one_for_each_scored_answer(self) -> None:
        asked = definition(
            page("p", *(making.question(f"a_{type}", type) for type in ("nps", "email", "csi", "rating")))
        )
        found = ratings_of(asked.questions, {"a_nps": 3, "a_email": "a@b.de", "a_rating": 5})
        assert [(each.question, each.rating.value) for each in found] == [("a_nps", 3), ("a_rating", 5)]


class TestNormalise:
    @given(st.sampled_from([(0, 10), (1, 5), (1, 7)]), st.data())
    def test_is_the_exact_share_of_the_scale_half_up(self, scale: tuple[int, int], data: st.DataObject) -> None:
        minimum, maximum = scale
        value = data.draw(st.integers(minimum, maximum))
        exact = Fraction(100 * (value - minimum), maximum - minimum)
        assert normalise(value, minimum, maximum) == int(exact + Fraction(1, 2))

    def test_a_half_goes_up(self) -> None:
        assert normalise(1, 0, 8) == 13

"""What a score means."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.feedback.ratings import normalise, rate
from services.survey.surveys.questions import Direction, RatingQuestion
from services.survey.surveys.ready_made import SCALES, ready_made
from services.survey.surveys.schemas import SurveyKind


def question(kind: SurveyKind, direction: Direction = "high_is_good") -> RatingQuestion:
    score = ready_made(kind, direction)[0]
    assert isinstance(score, RatingQuestion)
    return score


class TestBands:
    @pytest.mark.parametrize(
        ("kind", "bands"),
        [
            ("nps", ["negative"] * 7 + ["neutral"] * 2 + ["positive"] * 2),
            ("csat", ["negative"] * 2 + ["neutral"] + ["positive"] * 2),
            ("ces", ["negative"] * 3 + ["neutral"] + ["positive"] * 3),
        ],
    )
    def test_follow_the_scheme(self, kind: SurveyKind, bands: list[str]) -> None:
        minimum, maximum = SCALES[kind]
        assert [rate(question(kind), score).band for score in range(minimum, maximum + 1)] == bands

    def test_effort_where_high_is_hard_is_turned_round_first(self) -> None:
        hard = question("ces", "high_is_bad")
        turned = [rate(hard, raw) for raw in (1, 2, 7)]
        assert [rating.value for rating in turned] == [7, 6, 1]
        assert [rating.band for rating in turned] == ["positive", "positive", "negative"]


class TestNormalise:
    @given(st.sampled_from(sorted(SCALES.values())), st.data())
    def test_is_the_exact_share_of_the_scale_half_up(self, scale: tuple[int, int], data: st.DataObject) -> None:
        minimum, maximum = scale
        value = data.draw(st.integers(minimum, maximum))
        exact = Fraction(100 * (value - minimum), maximum - minimum)
        assert normalise(value, minimum, maximum) == int(exact + Fraction(1, 2))

    def test_a_half_goes_up(self) -> None:
        assert normalise(1, 0, 8) == 13

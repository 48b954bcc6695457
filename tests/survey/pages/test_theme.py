"""Colours that can be read, whatever an account chose."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.document import Theme
from services.survey.pages.theme import colours_of
from shared.colours import READABLE, contrast, lightened

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


class TestContrast:
    @pytest.mark.parametrize(("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#777777", "#ffffff", 4.48)])
    def test_is_that_of_the_standard(self, one: str, other: str, ratio: float) -> None:
        assert contrast(one, other) == contrast(other, one) == pytest.approx(ratio, abs=0.01)


class TestColours:
    def test_of_the_standard_theme_are_those_of_the_style_sheet(self) -> None:
        assert colours_of(Theme()) == ""

    @given(COLOURS)
    def test_for_the_dark_are_light_enough(self, colour: str) -> None:
        assert contrast(lightened(colour, "#1c1f22"), "#1c1f22") >= READABLE

    @given(COLOURS)
    def test_come_with_words_that_can_be_read_on_them(self, colour: str) -> None:
        pairs = re.findall("--accent:(#[0-9a-f]{6});--on-accent:(#[0-9a-f]{6})", colours_of(Theme(accent=colour)))
        assert [contrast(*pair) >= READABLE for pair in pairs] in ([True, True], [])

    def test_keep_the_one_for_the_dark_that_was_chosen(self) -> None:
        assert "--accent:#ffee00" in colours_of(Theme(accent="#0b6b63", accent_dark="#ffee00"))

"""Answers out of cells and form fields."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.from_text import as_number, value_from_text
from tests.survey.definition.making import definition, page, question


class TestValueFromText:
    @pytest.mark.parametrize(
        ("type", "fields", "text", "value"),
        [
            ("nps", {}, " 9 ", 9),
            ("nps", {}, "nine", "nine"),
            ("number", {"places": 2}, "-12.50", -12.5),
            ("single", {}, "yes", "yes"),
            ("multiple", {}, "a | c", ["a", "c"]),
            ("ranking", {}, "c|a|b", ["c", "a", "b"]),
            ("matrix", {}, "a=b|b=c", {"a": "b", "b": "c"}),
            ("matrix", {"several": True}, "a=b|a=c", {"a": ["b", "c"]}),
            ("csi", {}, "speed=9|price=", {"speed": 9, "price": None}),
            ("csi", {}, "9", "9"),
            ("consent", {}, "Yes", True),
            ("consent", {}, "off", False),
            ("consent", {}, "perhaps", "perhaps"),
            ("date", {}, "2026-03-02", "2026-03-02"),
            ("long_text", {}, "5", "5"),
        ],
    )
    def test_is_what_the_question_understands(self, type: str, fields: dict[str, Any], text: str, value: Any) -> None:
        [asked] = definition(page("p", question("q", type, **fields))).questions
        found = value_from_text(asked, text)
        assert (found, found.__class__) == (value, value.__class__)


class TestAsNumber:
    @given(st.integers(-(10**15) + 1, 10**15 - 1))
    def test_reads_what_people_write(self, number: int) -> None:
        assert as_number(f" {number} ") == number

    @given(st.text())
    def test_never_guesses(self, text: str) -> None:
        read = as_number(text)
        # Both take more for a blank than `float` does.
        assert read == text or float(text.strip()) == read

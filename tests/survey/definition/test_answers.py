"""Whether answers fit: each of the types, and whatever else comes in."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.answers import Checked, check
from services.survey.definition.document import Definition
from services.survey.definition.questions import Question
from tests.survey.definition.making import attempt, definition, page, question, when

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FILE = "01890a5d-ac96-774b-bcce-b302099a8057"
TYPES = [get_args(each.model_fields["type"].annotation)[0] for each in get_args(get_args(Question)[0])]
EVERY_TYPE = definition(page("all", *(question(f"a_{type}", type) for type in TYPES)))


def asked(type: str, **fields: Any) -> Definition:
    return definition(page("p", question("q", type, **fields)))


def checked(type: str, value: Any, **fields: Any) -> Checked:
    return check(asked(type, **fields), attempt(q=value), complete=True)


GOOD: list[tuple[str, dict[str, Any], Any, Any]] = [
    ("nps", {}, 0, 0),
    ("nps", {}, 10, 10),
    ("csat", {"points": 3}, 3, 3),
    ("ces", {"points": 5}, 5, 5),
    ("csi", {}, {"price": 1, "speed": 10}, {"speed": 10, "price": 1}),
    ("csi", {"allow_not_applicable": True}, {"price": None, "speed": 10}, {"speed": 10, "price": None}),
    ("rating", {"points": 10, "style": "numbers"}, 10, 10),
    ("single", {}, "yes", "yes"),
    ("single", {"other": True}, {"other": "maybe"}, {"other": "maybe"}),
    ("multiple", {}, ["a", "c"], ["a", "c"]),
    ("multiple", {"other": True}, ["a", {"other": "d"}], ["a", {"other": "d"}]),
    ("ranking", {}, ["c", "a", "b"], ["c", "a", "b"]),
    ("ranking", {"places": 2}, ["c", "a"], ["c", "a"]),
    ("matrix", {}, {"b": "c", "a": "a"}, {"a": "a", "b": "c"}),
    ("matrix", {"several": True}, {"a": ["a", "b"]}, {"a": ["a", "b"]}),
    ("number", {}, 12, 12),
    ("number", {}, 12.0, 12),
    ("number", {"places": 2}, 12.25, 12.25),
    ("number", {}, 999_999_999_999_999, 999_999_999_999_999),
    ("date", {"latest": "today"}, "2026-03-02", "2026-03-02"),
    ("short_text", {"pattern": "[A-Z]{2}[0-9]+"}, "AB12", "AB12"),
    ("long_text", {}, "Two\nlines <b>", "Two\nlines <b>"),
    ("email", {}, " Ana@EXAMPLE.com ", "Ana@example.com"),
    ("phone", {}, "+49 30 123456", "+4930123456"),
    ("phone", {"country": "DE"}, "030 / 123456", "+4930123456"),
    ("consent", {}, True, True),
    ("consent", {}, False, False),
    ("file", {"most": 2}, [FILE.upper(), FILE], [FILE]),
]
BAD: list[tuple[str, dict[str, Any], Any, str, str]] = [
    ("nps", {}, 11, "out_of_range", ""),
    ("nps", {}, 10**30, "out_of_range", ""),
    ("nps", {}, 9.0, "not_a_number", ""),
    ("nps", {}, "9", "not_a_number", ""),
    ("nps", {}, True, "not_a_number", ""),
    ("nps", {}, None, "not_a_number", ""),
    ("csat", {"points": 2}, 3, "out_of_range", ""),
    ("csat", {}, 0, "out_of_range", ""),
    ("csi", {}, 9, "not_a_table", ""),
    ("csi", {}, {"speed": 11}, "out_of_range", "/speed"),
    ("csi", {}, {"speed": None}, "not_a_number", "/speed"),
    ("csi", {}, {"taste": 5}, "unknown_row", ""),
    ("single", {}, "perhaps", "unknown_option", ""),
    ("single", {}, {"other": "x"}, "unknown_option", ""),
    ("single", {"other": True}, {"other": " "}, "no_words", "/other"),
    ("single", {"other": True}, {"other": "x" * 501}, "too_long", ""),
    ("multiple", {}, "a", "not_a_list", ""),
    ("multiple", {}, ["a", "d"], "unknown_option", "/1"),
    ("multiple", {}, ["a", "a"], "chosen_twice", ""),
    ("multiple", {"fewest": 2}, ["a"], "wrong_count", ""),
    ("multiple", {"most": 1}, ["a", "b"], "wrong_count", ""),
    ("multiple", {"options": [*"ab"]}, ["a", "b"], "chosen_alone", ""),
    ("ranking", {}, ["a", "b"], "wrong_count", ""),
    ("ranking", {}, ["a", "b", "b"], "chosen_twice", ""),
    ("matrix", {}, {"a": "z"}, "unknown_option", "/a"),
    ("matrix", {}, {"z": "a"}, "unknown_row", ""),
    ("matrix", {}, {"a": ["a"]}, "unknown_option", "/a"),
    ("matrix", {"several": True}, {"a": ["a", "a"]}, "chosen_twice", "/a"),
    ("matrix", {}, {"a": None}, "unknown_option", "/a"),
    ("number", {}, "12", "not_a_number", ""),
    ("number", {}, float("nan"), "not_a_number", ""),
    ("number", {}, float("inf"), "not_a_number", ""),
    ("number", {}, 12.5, "too_many_places", ""),
    ("number", {"places": 2}, 0.125, "too_many_places", ""),
    ("number", {}, 10**15, "too_many_digits", ""),
    ("number", {}, 1e300, "too_many_digits", ""),
    ("number", {"minimum": 1, "maximum": 3}, 4, "out_of_range", ""),
    ("date", {}, "2026-02-30", "not_a_date", ""),
    ("date", {}, "2026-W10-1", "not_a_date", ""),
    ("date", {}, 20260302, "not_a_date", ""),
    ("date", {"latest": "today"}, "2026-03-03", "too_late", ""),
    ("date", {"earliest": "2026-01-01"}, "2025-12-31", "too_early", ""),
    ("short_text", {}, 5, "not_a_text", ""),
    ("short_text", {}, "x" * 201, "too_long", ""),
    ("short_text", {}, "two\nlines", "not_a_line", ""),
    ("short_text", {"shortest": 3}, "ab", "too_short", ""),
    ("short_text", {"pattern": "[A-Z]+"}, "ab", "wrong_form", ""),
    ("short_text", {"pattern": "(a+)+"}, "a" * 100 + "!", "wrong_form", ""),
    ("long_text", {}, "x" * 5_001, "too_long", ""),
    ("email", {}, "nobody", "not_an_email", ""),
    ("email", {}, "a@b@c.de", "not_an_email", ""),
    ("phone", {}, "030 123456", "not_a_phone", ""),
    ("phone", {}, "call me", "not_a_phone", ""),
    ("consent", {}, "yes", "not_a_choice", ""),
    ("consent", {}, 1, "not_a_choice", ""),
    ("file", {}, ["x"], "not_a_file", "/0"),
    ("file", {}, [FILE, FILE.replace("0", "1")], "too_many_files", ""),
    ("statement", {}, "x", "asks_nothing", ""),
]


def fields_of(type: str, fields: dict[str, Any]) -> dict[str, Any]:
    if type == "multiple" and "options" in fields:
        options = [{"id": each, "label": {"en": each}, "exclusive": True} for each in fields["options"]]
        return fields | {"options": options}
    return fields


class TestEachType:
    @pytest.mark.parametrize(("type", "fields", "value", "kept"), GOOD)
    def test_keeps_a_good_answer_in_its_one_spelling(
        self, type: str, fields: dict[str, Any], value: Any, kept: Any
    ) -> None:
        found = checked(type, value, **fields)
        assert found.problems == []
        assert found.values == {"q": kept}
        assert list(found.values["q"]) == list(kept) if isinstance(kept, dict) else True
        assert checked(type, kept, **fields).values == found.values

    @pytest.mark.parametrize(("type", "fields", "value", "code", "place"), BAD)
    def test_refuses_what_is_none_and_says_why(
        self, type: str, fields: dict[str, Any], value: Any, code: str, place: str
    ) -> None:
        found = checked(type, value, **fields_of(type, fields))
        [problem] = found.problems
        assert (problem.question, problem.code, problem.place) == ("q", code, place)
        assert problem.words
        assert found.values == {}

    @pytest.mark.parametrize("empty", ["", "  ", "\n"])
    @pytest.mark.parametrize("type", ["long_text", "email", "phone"])
    def test_an_empty_text_is_no_answer(self, type: str, empty: str) -> None:
        assert checked(type, empty).values == {}
        assert checked(type, empty).problems == []
        assert [problem.code for problem in checked(type, empty, required=True).problems] == ["missing_answer"]

    def test_a_required_consent_must_be_given(self) -> None:
        assert [problem.code for problem in checked("consent", False, required=True).problems] == ["must_agree"]

    def test_own_checks_speak_in_own_words(self) -> None:
        rule = {"must": when("question.q", "at_least", 18), "message": {"en": "Adults only.", "de": "Ab 18."}}
        [problem] = checked("number", 17, checks=[rule]).problems
        assert (problem.code, problem.words, problem.message) == ("check", "Adults only.", rule["message"])
        assert checked("number", 18, checks=[rule]).problems == []

    def test_a_number_too_long_to_print_is_refused_like_any_other(self) -> None:
        assert [problem.code for problem in checked("nps", 10**5000).problems] == ["out_of_range"]


class TestAWholeSubmission:
    survey = definition(
        page(
            "a", question("score", "nps", required=True), question("why", show_when=when("question.score", "less", 7))
        ),
        page("b", question("more", required=True)),
    )

    def codes(self, complete: bool = True, left: frozenset[str] | None = None, **answers: Any) -> list[str]:
        found = check(self.survey, attempt(left, **answers), complete=complete)
        return [f"{problem.question} {problem.code}" for problem in found.problems]

    def test_every_problem_is_told_at_once(self) -> None:
        problems = ["colour unknown_question", "why not_a_text", "more missing_answer"]
        assert self.codes(score=3, why=5, colour=1) == problems

    def test_a_part_may_lack_what_a_whole_answer_needs(self) -> None:
        assert self.codes(complete=False, more="x") == []
        assert self.codes(more="x") == ["score missing_answer"]

    def test_a_page_answers_for_itself_and_those_before(self) -> None:
        assert self.codes(left=frozenset({"a"})) == ["score missing_answer"]
        assert self.codes(left=frozenset({"a"}), score=3) == []
        assert self.codes(left=frozenset({"a", "b"}), score=3) == ["more missing_answer"]

    def test_what_was_not_asked_is_neither_kept_nor_complained_about(self) -> None:
        for answer in ("late", 5):
            found = check(self.survey, attempt(score=9, why=answer, more="x"), complete=True)
            assert (found.values, found.problems) == ({"score": 9, "more": "x"}, [])

    def test_a_refused_answer_opens_no_door(self) -> None:
        found = check(self.survey, attempt(score=-1, why="x", more="x"), complete=True)
        assert [problem.question for problem in found.problems] == ["score"]
        assert found.walk.off_path == {"why"}


class TestWhateverComesIn:
    @pytest.mark.parametrize("type", TYPES)
    @given(value=ANYTHING)
    def test_it_is_kept_or_refused_and_what_is_kept_is_kept_again(self, type: str, value: Any) -> None:
        first = check(EVERY_TYPE, attempt(**{f"a_{type}": value}), complete=True)
        again = check(EVERY_TYPE, attempt(**first.values), complete=True)
        assert (again.values, again.problems) == (first.values, [])
        assert len(first.problems) <= 1

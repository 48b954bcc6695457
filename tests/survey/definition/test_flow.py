"""The way through a survey."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.document import Definition
from services.survey.definition.flow import calculated, walk
from tests.survey.definition.making import attempt, definition, page, question, when

LOW = when("question.score", "at_most", 6)
REVIEWED = definition(
    page(
        "first",
        question("score", "nps", required=True),
        question("why", show_when=LOW, required=True),
        jumps=[{"to": "happy", "when": when("question.score", "at_least", 9)}],
    ),
    page("unhappy", question("rescue", "single")),
    page("happy", question("friend", "email")),
    endings=[{"key": "sorry", "title": {"en": "Sorry"}, "when": LOW}, {"key": "thanks", "title": {"en": "Thanks"}}],
)


class TestTheWay:
    def test_begins_with_the_first_page(self) -> None:
        way = walk(REVIEWED, attempt(frozenset()))
        assert way.page is REVIEWED.pages[0]
        assert (list(way.asked), set(way.required), list(way.missing)) == (["score"], {"score"}, [])
        assert (way.progress, way.ending) == (0, None)

    def test_shows_a_question_when_its_condition_holds(self) -> None:
        way = walk(REVIEWED, attempt(frozenset(), score=3))
        assert list(way.asked) == ["score", "why"]
        assert way.required == {"score", "why"}

    def test_stays_on_a_page_that_lacks_a_required_answer(self) -> None:
        way = walk(REVIEWED, attempt(frozenset({"first"}), score=3))
        assert way.page is REVIEWED.pages[0]
        assert way.missing == ["why"]

    def test_goes_on_page_by_page(self) -> None:
        way = walk(REVIEWED, attempt(frozenset({"first"}), score=7))
        assert way.page is REVIEWED.pages[1]
        assert (way.progress, [each.key for each in way.pages]) == (33, ["first", "unhappy"])

    def test_jumps_over_what_does_not_concern_somebody(self) -> None:
        way = walk(REVIEWED, attempt(frozenset({"first"}), score=9))
        assert way.page is REVIEWED.pages[2]
        assert [each.key for each in way.pages] == ["first", "happy"]

    def test_ends_by_the_answers(self) -> None:
        for score, ending in ((2, "sorry"), (9, "thanks")):
            way = walk(REVIEWED, attempt(score=score, why="late"))
            assert way.ending is not None
            assert (way.page, way.progress, way.ending.key) == (None, 100, ending)

    def test_keeps_answers_that_are_not_on_it_apart(self) -> None:
        way = walk(REVIEWED, attempt(score=9, why="late", rescue="yes", friend="a@example.com"))
        assert way.off_path == {"why", "rescue"}
        assert way.facts.value("question.rescue") is None

    def test_a_sender_without_pages_is_followed_to_the_end(self) -> None:
        way = walk(REVIEWED, attempt(friend="a@example.com"))
        assert (way.page, way.missing) == (None, ["score"])

    def test_a_jump_can_end_it(self) -> None:
        screened = definition(
            page(
                "age", question("adult", "single"), jumps=[{"to": "no", "when": when("question.adult", "equals", "no")}]
            ),
            page("rest", question("more")),
            endings=[
                {"key": "thanks", "title": {"en": "T"}},
                {"key": "no", "title": {"en": "N"}, "screened_out": True},
            ],
        )
        way = walk(screened, attempt(adult="no", more="x"))
        assert way.ending is not None
        assert (way.ending.key, way.ending.screened_out, set(way.off_path)) == ("no", True, {"more"})

    def test_what_is_required_can_depend(self) -> None:
        asked = definition(
            page("p", question("a", "single"), question("b", required_when=when("question.a", "is_answered")))
        )
        assert walk(asked, attempt(a="yes")).missing == ["b"]
        assert walk(asked, attempt()).missing == []

    @pytest.mark.parametrize(
        ("type", "value", "is_missing"),
        [
            ("matrix", {"a": "a"}, True),
            ("matrix", {"a": "a", "b": "c"}, False),
            ("csi", {"speed": 3}, True),
            ("csi", {"speed": 3, "price": None}, False),
            ("consent", False, True),
            ("consent", True, False),
            ("short_text", " ", True),
            ("statement", None, False),
        ],
    )
    def test_a_required_question_wants_a_whole_answer(self, type: str, value: Any, is_missing: bool) -> None:
        asked = definition(page("p", question("q", type, required=True)))
        assert walk(asked, attempt(q=value)).missing == (["q"] if is_missing else [])


class TestVariables:
    def test_are_calculated_when_their_page_is_left(self) -> None:
        scored = definition(
            page(
                "quiz",
                question("right", "single"),
                question("times", "number"),
                calculations=[
                    {
                        "variable": "points",
                        "operation": "add",
                        "value": 10,
                        "when": when("question.right", "equals", "yes"),
                    },
                    {"variable": "points", "operation": "multiply", "operand": "question.times"},
                    {"variable": "name", "operation": "append", "value": "!"},
                ],
            ),
            page("end", question("bonus", show_when=when("variable.points", "at_least", 20))),
            variables=[{"key": "points", "initial": 1}, {"key": "name", "initial": "Ana"}],
        )
        before = walk(scored, attempt(frozenset(), right="yes", times=2))
        after = walk(scored, attempt(frozenset({"quiz"}), right="yes", times=2))
        assert before.variables == {"points": 1, "name": "Ana"}
        assert after.variables == {"points": 22, "name": "Ana!"}
        assert "bonus" in after.asked

    @pytest.mark.parametrize(
        ("present", "operation", "operand", "result"),
        [
            (Decimal(1), "divide", 3, Decimal("0.333333")),
            (Decimal(1), "divide", 0, None),
            (Decimal(1), "add", "x", None),
            (Decimal(1), "append", "x", None),
            (Decimal(10), "multiply", Decimal(10) ** 15, None),
            (Decimal(1), "set", "7", Decimal(7)),
            ("a", "set", Decimal("1.50"), "1.50"),
            ("a", "add", 1, None),
            ("a" * 2_000, "append", "b", None),
        ],
    )
    def test_stay_as_they_are_where_there_is_no_result(
        self, present: Decimal | str, operation: str, operand: Any, result: Decimal | str | None
    ) -> None:
        assert calculated(present, operation, operand) == result


@st.composite
def surveys(draw: st.DrawFn) -> Definition:
    """Pages of yes-or-no questions with conditions on each other, and jumps anywhere, even where none may lead."""
    count = draw(st.integers(1, 5))
    keys = [f"q{n}" for n in range(2 * count)]
    condition = st.sampled_from(keys).map(lambda key: when(f"question.{key}", "equals", "yes"))
    maybe = st.none() | condition
    target = st.sampled_from([*(f"p{n}" for n in range(count)), "end", "bye", "nowhere"])
    pages = [
        page(
            f"p{n}",
            *(
                question(key, "single", required=draw(st.booleans()), show_when=draw(maybe), required_when=draw(maybe))
                for key in keys[2 * n : 2 * n + 2]
            ),
            jumps=draw(st.lists(st.fixed_dictionaries({"to": target, "when": maybe}), max_size=2)),
        )
        for n in range(count)
    ]
    return definition(*pages, endings=[{"key": "bye", "title": {"en": "Bye"}}])


ANSWERS = st.dictionaries(st.sampled_from([f"q{n}" for n in range(10)]), st.sampled_from(["yes", "no"]))
LEFT = st.none() | st.frozensets(st.sampled_from([f"p{n}" for n in range(5)]))


class TestAnySurvey:
    @given(survey=surveys(), answers=ANSWERS, left=LEFT)
    def test_comes_to_an_end_and_never_leads_back(
        self, survey: Definition, answers: dict[str, Any], left: frozenset[str] | None
    ) -> None:
        way = walk(survey, attempt(left, **answers))
        places = [survey.pages.index(each) for each in way.pages]
        assert places == sorted(set(places))
        assert (way.page is None) == (way.progress == 100)
        assert way.page in (None, way.pages[-1])
        assert way.off_path == answers.keys() - way.asked.keys()
        assert set(way.missing) <= way.required <= set(way.asked)
        assert left is not None or way.page is None

    @given(survey=surveys(), answers=ANSWERS)
    def test_filled_in_page_by_page_leads_where_it_leads_at_once(
        self, survey: Definition, answers: dict[str, Any]
    ) -> None:
        whole = walk(survey, attempt(**answers))
        left: set[str] = set()
        progress = -1
        while True:
            way = walk(survey, attempt(frozenset(left), **answers))
            if way.page is None or way.page.key in left:
                break
            assert way.progress > progress
            progress = way.progress
            left.add(way.page.key)
        if way.page is None:
            assert (way.pages, way.asked, way.ending) == (whole.pages, whole.asked, whole.ending)
        else:
            assert way.missing
            assert set(way.missing) <= set(whole.missing)

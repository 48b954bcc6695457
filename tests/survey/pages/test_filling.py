"""From page to page, with nothing kept but the form."""

from typing import Any

import pytest

from services.survey.definition.answers import Checked
from services.survey.definition.document import Definition
from services.survey.pages.filling import LEFT, SHOWN, Filling, Go, Step, first_step, next_step
from tests.survey.definition.making import TODAY, definition, page, question, when

LOW = when("question.score", "at_most", 6)
SURVEY = definition(
    page(
        "first",
        question("score", "nps", required=True),
        question("why", "long_text", show_when=LOW, required=True),
        jumps=[{"to": "last", "when": when("question.score", "at_least", 9)}],
    ),
    page("middle", question("order", "ranking"), question("kind", "single", required=True)),
    page("last", question("friend", "email")),
)


def filling(survey: Definition = SURVEY, **entered: Any) -> Filling:
    fields = {
        {"left": LEFT, "shown": SHOWN}.get(name, name.replace("__", ".")): value if isinstance(value, list) else [value]
        for name, value in entered.items()
    }
    return Filling(survey, fields, {}, "en", "link", TODAY)


def step(go: Go = "next", **entered: Any) -> Step:
    found = next_step(filling(**entered), go)
    assert isinstance(found, Step)
    return found


def done(**entered: Any) -> Checked:
    found = next_step(filling(**entered), "next")
    assert isinstance(found, Checked)
    return found


class TestTheFirstStep:
    def test_asks_what_is_asked_without_answers(self) -> None:
        first = first_step(filling())
        assert (first.page.key, [each.key for each in first.questions]) == ("first", ["score"])
        assert (first.is_first, first.is_last, first.left) == (True, False, [])

    def test_of_somebody_who_comes_back_is_where_they_were(self) -> None:
        back = first_step(filling(left="first", score="7"))
        assert (back.page.key, back.left) == ("middle", ["first"])


class TestNext:
    def test_leads_to_the_next_page_with_what_was_entered(self) -> None:
        found = step(score="7", shown="score")
        assert (found.page.key, found.left, found.wrong) == ("middle", ["first"], [])
        assert list(found.carried) == [("score", "7")]

    def test_jumps(self) -> None:
        found = step(score="9")
        assert (found.page.key, found.is_last) == ("last", True)

    def test_shows_first_what_the_answers_of_the_page_led_to(self) -> None:
        found = step(score="3", shown="score")
        assert ([each.key for each in found.questions], found.grown, found.wrong) == (["score", "why"], True, [])
        again = step(score="3", shown="score,why")
        assert ([one.question for one in again.wrong], again.grown) == (["why"], False)

    def test_says_what_is_wrong_on_the_page(self) -> None:
        assert [(one.question, one.code) for one in step().wrong] == [("score", "missing_answer")]
        assert [(one.question, one.code) for one in step(score="11").wrong] == [("score", "out_of_range")]
        found = step(left="first", score="7", order__a="1", order__b="1")
        assert [(one.question, one.code) for one in found.wrong] == [
            ("order", "shared_places"),
            ("kind", "missing_answer"),
        ]

    def test_goes_back_to_the_page_with_the_mistake_whatever_was_left(self) -> None:
        found = step(left="first,middle", score="99", kind="yes", friend="a@example.com")
        assert (found.page.key, found.left) == ("first", [])
        assert [one.question for one in found.wrong] == ["score"]

    @pytest.mark.parametrize("left", ["middle,last", "last", "nothing", "first,first,,"])
    def test_does_not_believe_a_form_that_skips_pages(self, left: str) -> None:
        assert step(left=left, friend="a@example.com").page.key == "first"

    def test_ends_with_all_answers_on_the_way(self) -> None:
        found = done(left="first,middle", score="7", why="late", kind="yes", friend="ana@example.com")
        assert found.values == {"score": 7, "kind": "yes", "friend": "ana@example.com"}
        assert found.walk.off_path == {"why"}

    def test_takes_an_optional_page_left_empty(self) -> None:
        assert done(left="first", score="9").values == {"score": 9}


class TestBack:
    def test_leads_to_the_page_before_with_everything_kept(self) -> None:
        found = step("back", left="first", score="7", kind="yes", order__a="1", order__b="1")
        assert (found.page.key, found.left, found.wrong) == ("first", [], [])
        assert set(found.carried) == {("kind", "yes"), ("order.a", "1"), ("order.b", "1")}

    def test_follows_the_way_that_was_gone(self) -> None:
        assert step("back", left="first", score="9").page.key == "first"

    def test_on_the_first_page_stays_there(self) -> None:
        assert step("back", score="9").page.key == "first"


class TestLook:
    def test_shows_what_is_asked_now_and_nothing_else(self) -> None:
        found = step("look", score="3")
        assert ([each.key for each in found.questions], found.wrong, found.grown) == (["score", "why"], [], False)

"""What is wrong with a definition, each kind of fault where it stands."""

from datetime import date
from typing import Any, get_args

import pytest
from hypothesis import given

from services.survey.definition.conditions import ALONE, Operator
from services.survey.definition.document import Definition
from services.survey.definition.faults.finding import faults_in
from shared.colours import READABLE, contrast, darkened
from tests.survey.definition.making import ABC, TODAY, definition, page, question, when
from tests.survey.definition.test_flow import surveys
from tests.survey.definition.test_logic import ANYTHING

ALONE_OR_TWO = [*ABC[:2], ABC[2] | {"exclusive": True}]
GOOD: dict[str, Any] = {
    "pages": [
        page("one", question("score", "nps", required=True), question("plan", "single"), question("likes", "multiple")),
        page("two", question("why", "long_text", show_when=when("question.score", "less", 7))),
    ],
    "variables": [{"key": "points", "initial": 0}, {"key": "name", "initial": "Ana"}],
    "hidden_fields": [{"key": "shop"}],
    "endings": [
        {"key": "sorry", "title": {"en": "Sorry"}, "when": when("question.score", "less", 7)},
        {"key": "thanks", "title": {"en": "Thanks"}},
    ],
}
Q = "/pages/0/questions/0"


class TestDays:
    """Whether a date can be given depends on the day."""

    @pytest.mark.parametrize(
        ("earliest", "latest", "expected"),
        [
            ("today", "2026-03-01", {("error", f"{Q}/latest", "cannot_be_answered")}),
            ("today", "2026-03-02", set()),
            ("2026-03-03", "today", {("warning", f"{Q}/earliest", "not_answerable_yet")}),
            ("2026-03-02", "today", set()),
            ("today", "today", set()),
        ],
    )
    def test_nothing_lies_between(self, earliest: str, latest: str, expected: set[tuple[str, str, str]]) -> None:
        survey = asking(question("q", "date", required=True, earliest=earliest, latest=latest))
        faults = faults_in(survey, date.fromisoformat(TODAY))
        assert {(fault.severity, fault.pointer, fault.code) for fault in faults} == expected


def found(survey: Definition) -> set[tuple[str, str, str]]:
    return {(fault.severity, fault.pointer, fault.code) for fault in faults_in(survey)}


def asking(asked: dict[str, Any], **fields: Any) -> Definition:
    return definition(page("p", asked), **fields)


def good_but(**fields: Any) -> Definition:
    return Definition.model_validate(GOOD | fields)


def on_page_two(**fields: Any) -> Definition:
    first, second = GOOD["pages"]
    return good_but(pages=[first, second | fields])


def shown(condition: dict[str, Any]) -> Definition:
    return on_page_two(questions=[question("why", "long_text", show_when=condition)])


SHOWN = "/pages/1/questions/0/show_when"
REVIEW = {"label": {"en": "Tell others"}, "url": "https://www.google.com/maps/place/x"}
ERRORS: list[tuple[Definition, str, str]] = [
    # names
    (definition(page("p", question("q"), question("q"))), "/pages/0/questions/1/key", "key_used_twice"),
    (definition(page("p", question("q")), page("p", question("r"))), "/pages/1/key", "key_used_twice"),
    (definition(page("end", question("q"))), "/pages/0/key", "reserved_key"),
    (good_but(hidden_fields=[{"key": "score"}]), "/hidden_fields/0/key", "key_used_twice"),
    (good_but(hidden_fields=[{"key": "lang"}]), "/hidden_fields/0/key", "reserved_key"),
    (good_but(hidden_fields=[{"key": "attempt"}]), "/hidden_fields/0/key", "reserved_key"),
    (asking(question("q", "single", options=[ABC[0], ABC[0]])), f"{Q}/options/1/id", "key_used_twice"),
    (
        asking(question("q", "single", other=True, options=[ABC[0], {"id": "other", "label": {"en": "O"}}])),
        f"{Q}/options/1/id",
        "reserved_key",
    ),
    (asking(question("q"), locales=["en", "en"]), "/locales/1", "key_used_twice"),
    # references
    (shown(when("question.nobody", "is_answered")), f"{SHOWN}/subject", "unknown_question"),
    (shown(when("question.score.item", "is_answered")), f"{SHOWN}/subject", "unknown_question"),
    (shown(when("variable.nobody", "is_answered")), f"{SHOWN}/subject", "unknown_variable"),
    (shown(when("hidden.nobody", "is_answered")), f"{SHOWN}/subject", "unknown_hidden"),
    (shown({"not": when("question.why", "is_answered")}), f"{SHOWN}/not/subject", "asked_later"),
    (shown({"any": [when("question.plan", "equals", "maybe")]}), f"{SHOWN}/any/0/value", "unknown_option"),
    (shown(when("question.likes", "includes_any", ["a", "z"])), f"{SHOWN}/value", "unknown_option"),
    (shown(when("question.plan", "less", 3)), f"{SHOWN}/operator", "wrong_operator"),
    (shown(when("question.score", "contains", "3")), f"{SHOWN}/operator", "wrong_operator"),
    (shown(when("question.score", "is_true")), f"{SHOWN}/operator", "wrong_operator"),
    (shown(when("question.score", "less", "low")), f"{SHOWN}/value", "wrong_value"),
    (shown(when("question.score", "between", [7, 3])), f"{SHOWN}/value", "wrong_value"),
    (shown(when("question.score", "is_one_of", 3)), f"{SHOWN}/value", "wrong_value"),
    (shown(when("question.likes", "count_at_least", 1.5)), f"{SHOWN}/value", "wrong_value"),
    (shown(when("hidden.shop", "before", "someday")), f"{SHOWN}/value", "wrong_value"),
    (shown(when("hidden.shop", "matches", "(?=a)")), f"{SHOWN}/value", "bad_pattern"),
    (
        good_but(quotas=[{"key": "men", "limit": 5, "when": when("question.plan", "equals", "maybe")}]),
        "/quotas/0/when/value",
        "unknown_option",
    ),
    (
        on_page_two(calculations=[{"variable": "x", "operation": "add", "value": 1}]),
        "/pages/1/calculations/0/variable",
        "unknown_variable",
    ),
    (on_page_two(calculations=[{"variable": "points", "operation": "add"}]), "/pages/1/calculations/0", "wrong_value"),
    (
        on_page_two(calculations=[{"variable": "points", "operation": "add", "value": "x"}]),
        "/pages/1/calculations/0/value",
        "wrong_value",
    ),
    (
        on_page_two(calculations=[{"variable": "points", "operation": "divide", "value": 0}]),
        "/pages/1/calculations/0/value",
        "wrong_value",
    ),
    (
        on_page_two(calculations=[{"variable": "name", "operation": "add", "value": 1}]),
        "/pages/1/calculations/0/operation",
        "wrong_operator",
    ),
    # ways
    (on_page_two(jumps=[{"to": "nowhere"}]), "/pages/1/jumps/0/to", "unknown_target"),
    (on_page_two(jumps=[{"to": "one"}]), "/pages/1/jumps/0/to", "loop"),
    (on_page_two(jumps=[{"to": "two"}]), "/pages/1/jumps/0/to", "loop"),
    (
        definition(page("a", question("q"), jumps=[{"to": "c"}]), page("b", question("r")), page("c", question("s"))),
        "/pages/1",
        "unreachable_page",
    ),
    (good_but(quotas=[{"key": "all", "limit": 5, "ending": "full"}]), "/quotas/0/ending", "unknown_target"),
    (asking(question("q", "statement")), "/pages", "asks_nothing"),
    # limits
    (asking(question("q", "number", minimum=5, maximum=4)), f"{Q}/minimum", "cannot_be_answered"),
    (asking(question("q", "short_text", shortest=300)), f"{Q}/shortest", "cannot_be_answered"),
    (asking(question("q", "date", earliest="2026-02-01", latest="2026-01-01")), f"{Q}/earliest", "cannot_be_answered"),
    (asking(question("q", "multiple", fewest=4)), f"{Q}/fewest", "cannot_be_answered"),
    (asking(question("q", "multiple", options=ALONE_OR_TWO, fewest=3)), f"{Q}/fewest", "cannot_be_answered"),
    (asking(question("q", "ranking", places=4)), f"{Q}/places", "cannot_be_answered"),
    (asking(question("q", "short_text", pattern="(a")), f"{Q}/pattern", "bad_pattern"),
    (asking(question("q", "consent", purpose="surveys"), anonymous=True), f"{Q}/purpose", "asks_who"),
    # words
    (asking(question("q"), locales=["en", "de"]), f"{Q}/title/de", "missing_translation"),
    (asking(question("q", title={"en": " "})), f"{Q}/title/en", "missing_translation"),
    (asking(question("q", title={"en": "{{question.x}}"})), f"{Q}/title/en", "unknown_question"),
    (asking(question("q", title={"en": "{{question.q}}"})), f"{Q}/title/en", "asked_later"),
    # looks
    (asking(question("q"), theme={"accent": "#ffd500"}), "/theme/accent", "contrast"),
    (asking(question("q"), theme={"accent_dark": "#222222"}), "/theme/accent_dark", "contrast"),
    (asking(question("q"), theme={"logo_file_id": "x"}), "/theme/logo_alt", "missing_words"),
]
WARNINGS: list[tuple[Definition, str, str]] = [
    (shown(when("question.score", "at_least", 11)), SHOWN, "never_met"),
    (on_page_two(jumps=[{"to": "end"}, {"to": "thanks"}]), "/pages/1/jumps/1", "never_taken"),
    (good_but(endings=[GOOD["endings"][1], GOOD["endings"][0]]), "/endings/1", "unreachable_ending"),
    (asking(question("q", "email"), anonymous=True), Q, "asks_who"),
    (asking(question("q", "consent", purpose="newsletter")), f"{Q}/purpose", "own_purpose"),
    (asking(question("q", title={"en": "Q", "de": "F"})), f"{Q}/title/de", "unused_translation"),
    (on_page_two(title={"en": "You chose {{question.plan}}"}), "/pages/1/title/en", "no_fallback"),
    (
        Definition.model_validate(
            {
                "locales": ["en", "de"],
                "pages": [page("p", question("q", title={"en": "Hi {{hidden.n|you}}", "de": "Hallo"}))],
                "hidden_fields": [{"key": "n"}],
            }
        ),
        f"{Q}/title/de",
        "pipes_differ",
    ),
]


class TestFaults:
    def test_there_are_none_in_a_good_survey(self) -> None:
        assert found(good_but()) == set()

    @pytest.mark.parametrize(("survey", "pointer", "code"), ERRORS)
    def test_an_error_is_found_where_it_is(self, survey: Definition, pointer: str, code: str) -> None:
        assert ("error", pointer, code) in found(survey)

    @pytest.mark.parametrize(("survey", "pointer", "code"), WARNINGS)
    def test_a_warning_is_found_where_it_is(self, survey: Definition, pointer: str, code: str) -> None:
        assert found(survey) == {("warning", pointer, code)}

    def test_all_are_told_at_once_and_errors_first(self) -> None:
        survey = definition(
            page(
                "p", question("q", title={"en": "Q", "de": "F"}), question("q", show_when=when("variable.x", "is_true"))
            ),
            theme={"accent": "#ffff00"},
        )
        faults = faults_in(survey)
        assert {fault.code for fault in faults} == {
            "key_used_twice",
            "unknown_variable",
            "contrast",
            "unused_translation",
        }
        assert [fault.severity for fault in faults] == ["error"] * 3 + ["warning"]

    @pytest.mark.parametrize("operator", sorted(set(get_args(Operator)) - ALONE))
    @given(value=ANYTHING.filter(lambda value: value is not None))
    def test_whatever_a_condition_compares_with_is_looked_at(self, operator: str, value: Any) -> None:
        for subject in ("question.score", "question.plan", "question.likes", "hidden.shop", "variable.points"):
            faults_in(shown(when(subject, operator, value)))

    @given(surveys())
    def test_looking_for_them_never_fails(self, survey: Definition) -> None:
        assert all(fault.detail for fault in faults_in(survey))


class TestContrast:
    @pytest.mark.parametrize("colour", ["#ffd500", "#ff0000", "#00ff00", "#8899aa", "#ffffff"])
    def test_the_suggestion_can_be_read(self, colour: str) -> None:
        assert contrast(darkened(colour, "#ffffff"), "#ffffff") >= READABLE

    def test_the_suggestion_is_told(self) -> None:
        [fault] = faults_in(asking(question("q"), theme={"accent": "#ffd500"}))
        assert darkened("#ffd500", "#ffffff") in fault.detail


class TestReviewGating:
    """A public review is asked of everybody or of nobody."""

    def endings(self, *links: dict[str, Any] | None) -> Definition:
        happy = {"key": "happy", "title": {"en": "H"}, "when": when("question.score", "at_least", 9), "link": links[0]}
        return good_but(endings=[happy, {"key": "rest", "title": {"en": "R"}, "link": links[1]}])

    @pytest.mark.parametrize(
        "url",
        [
            "https://www.google.com/maps/place/x",
            "https://g.page/r/abc/review",
            "https://de.trustpilot.com/evaluate/x",
            "https://www.tripadvisor.co.uk/x",
            "https://apps.apple.com/app/id1?action=write-review",
        ],
    )
    def test_a_link_for_the_happy_alone_is_refused_with_the_reason(self, url: str) -> None:
        [fault] = faults_in(self.endings(REVIEW | {"url": url}, None))
        assert (fault.severity, fault.pointer, fault.code) == ("error", "/endings/0/link/url", "review_gating")
        assert "FTC" in fault.detail

    def test_neither_may_it_hide_in_the_words_of_an_ending_or_a_question(self) -> None:
        asked = question("please", "statement", show_when=when("question.score", "at_least", 9))
        asked["description"] = {"en": "Review us at www.trustpilot.com/evaluate/us"}
        first, second = GOOD["pages"]
        survey = good_but(pages=[first, second | {"questions": [*second["questions"], asked]}])
        assert [fault.code for fault in faults_in(survey)] == ["review_gating"]

    def test_the_same_for_everybody_is_fine(self) -> None:
        assert found(self.endings(REVIEW, REVIEW)) == set()
        assert found(good_but(review=REVIEW)) == set()

    def test_other_links_may_depend(self) -> None:
        assert found(self.endings(REVIEW | {"url": "https://shop.example/bread"}, None)) == set()

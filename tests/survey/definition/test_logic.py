"""Conditions: what each operator says, and that no answer makes one fail."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.survey.definition.conditions import ALONE, Comparison, Condition, Operator
from services.survey.definition.facts import Facts
from services.survey.definition.logic import holds
from tests.survey.definition.making import attempt, definition, page, question, when

CONDITIONS: TypeAdapter[Condition] = TypeAdapter(Condition)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS | st.just("2026-03-02"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=4,
)


def facts(answer: Any = None, type: str = "long_text", **hidden: str) -> Facts:
    asked = definition(page("p", question("q", type))).pages[0].questions[0]
    known = Facts(attempt(hidden=hidden, q=answer), {})
    known.asked["q"] = asked
    return known


def met(answer: Any, operator: str, *value: Any, type: str = "long_text") -> bool:
    return holds(CONDITIONS.validate_python(when("question.q", operator, *value)), facts(answer, type))


class TestOperators:
    @pytest.mark.parametrize(
        ("answer", "operator", "value", "is_met"),
        [
            (None, "is_answered", (), False),
            ("  ", "is_answered", (), False),
            ([], "is_answered", (), False),
            (0, "is_answered", (), True),
            (None, "is_skipped", (), True),
            (False, "is_skipped", (), False),
            (True, "is_true", (), True),
            (1, "is_true", (), False),
            (False, "is_false", (), True),
            (7, "equals", (7,), True),
            (7.5, "equals", (7.5,), True),
            (0.1, "equals", ("0.1",), True),
            ("yes", "equals", ("yes",), True),
            ("yes", "equals", ("Yes",), False),
            (["b", "a"], "equals", (["a", "b"],), True),
            (1, "equals", (True,), False),
            ("yes", "not_equals", ("no",), True),
            (None, "not_equals", ("no",), False),
            ("yes", "not_equals", (5,), False),
            (6, "less", (7,), True),
            (7, "at_most", (7,), True),
            (7, "greater", (7,), False),
            (7, "at_least", (7,), True),
            ("x", "at_least", (7,), False),
            (3, "between", ([3, 4],), True),
            (5, "between", ([3, 4],), False),
            (5, "between", (5,), False),
            ("2026-03-01", "between", (["2026-03-01", "2026-03-02"],), True),
            ("2026-03-01", "before", ("2026-03-02",), True),
            ("2026-03-01", "before", ("today",), True),
            ("2026-03-02", "before", ("today",), False),
            ("2026-03-03", "after", ("today",), True),
            ("someday", "after", ("today",), False),
            ("The Bread was Warm", "contains", ("bread",), True),
            ("The bread", "not_contains", ("milk",), True),
            ("The bread", "starts_with", ("the",), True),
            ("The bread", "ends_with", ("AD",), True),
            ("AB-12", "matches", ("[A-Z]{2}-[0-9]+",), True),
            ("AB-12x", "matches", ("[A-Z]{2}-[0-9]+",), False),
            ("a", "matches", ("(",), False),
            ("a", "is_one_of", (["a", "b"],), True),
            (9, "is_one_of", ([8, 9],), True),
            ("c", "is_none_of", (["a", "b"],), True),
            (None, "is_none_of", (["a", "b"],), False),
            ([], "includes_none", (["a"],), False),
            (["a", "b"], "includes_any", (["b", "c"],), True),
            (["a", "b"], "includes_all", (["b", "c"],), False),
            (["a", "b"], "includes_none", (["c"],), True),
            (["a", {"other": "mine"}], "includes_any", (["other"],), True),
            ({"other": "mine"}, "equals", ("other",), True),
            (["a", "b"], "count_at_least", (2,), True),
            (["a", "b"], "count_at_most", (1,), False),
            ("abc", "length_at_least", (3,), True),
            ("abc", "length_at_most", (2,), False),
        ],
    )
    def test_say_what_they_are_called(self, answer: Any, operator: str, value: tuple[Any, ...], is_met: bool) -> None:
        assert met(answer, operator, *value) is is_met

    @pytest.mark.parametrize("operator", get_args(Operator))
    @given(answer=ANYTHING, value=ANYTHING.filter(lambda value: value is not None))
    def test_never_fail_whatever_was_answered(self, operator: str, answer: Any, value: Any) -> None:
        assert met(answer, operator, *(() if operator in ALONE else (value,))) in (True, False)


class TestReferences:
    def test_an_item_of_an_index_a_ranking_and_several_options(self) -> None:
        for type, answer, reference, value in (
            ("csi", {"speed": 4}, "question.q.speed", 4),
            ("ranking", ["b", "a", "c"], "question.q.a", 2),
            ("multiple", ["b"], "question.q.b", True),
            ("matrix", {"a": "b"}, "question.q.a", "b"),
        ):
            assert facts(answer, type).value(reference) == value

    def test_a_question_that_was_not_asked_is_not_known(self) -> None:
        assert facts("x").value("question.other") is None

    def test_what_came_with_the_link_can_be_a_number(self) -> None:
        adult = CONDITIONS.validate_python(when("hidden.age", "at_least", 18))
        assert holds(adult, facts(age="21"))
        assert not holds(adult, facts(age="seventeen"))

    def test_one_thing_compared_with_another(self) -> None:
        same = Comparison.model_validate({"subject": "question.q", "operator": "equals", "other": "hidden.plan"})
        assert holds(same, facts("pro", plan="pro"))
        assert not holds(same, facts("pro", plan="free"))


class TestTrees:
    def test_all_any_and_not(self) -> None:
        low, high = when("question.q", "less", 5), when("question.q", "greater", 7)
        tree = CONDITIONS.validate_python({"all": [{"any": [low, high]}, {"not": when("question.q", "equals", 10)}]})
        assert [score for score in range(11) if holds(tree, facts(score, "nps"))] == [0, 1, 2, 3, 4, 8, 9]

    @pytest.mark.parametrize(
        "condition",
        [
            {"subject": "question.q", "operator": "is_answered", "value": 1},
            {"subject": "question.q", "operator": "equals"},
            {"subject": "question.q", "operator": "equals", "value": 1, "other": "hidden.a"},
            {"subject": "score", "operator": "is_answered"},
            {"all": []},
            {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": when("hidden.a", "is_answered")}}}}}}}},
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, condition: dict[str, Any]) -> None:
        with pytest.raises(ValidationError):
            CONDITIONS.validate_python(condition)

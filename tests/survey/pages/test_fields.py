"""Form fields and answers, in both directions."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.answers import check
from services.survey.pages.fields import NOT_APPLICABLE, OWN_WORDS, answers_in, fields_of, names_of, shared_places
from tests.survey.definition.making import attempt, definition, page, question

FILE = "01890a5d-ac96-774b-bcce-b302099a8057"
ENTERED: list[tuple[str, dict[str, Any], dict[str, list[str]], Any]] = [
    ("nps", {}, {"q": ["0"]}, 0),
    ("csat", {}, {"q": [" 5 "]}, 5),
    ("ces", {}, {"q": ["7"]}, 7),
    ("rating", {}, {"q": ["3"]}, 3),
    (
        "csi",
        {"allow_not_applicable": True},
        {"q.speed": ["9"], "q.price": [NOT_APPLICABLE]},
        {"speed": 9, "price": None},
    ),
    ("single", {}, {"q": ["yes"]}, "yes"),
    ("single", {"other": True}, {"q": [OWN_WORDS], f"q.{OWN_WORDS}": ["perhaps"]}, {"other": "perhaps"}),
    ("multiple", {}, {"q": ["a", "c"]}, ["a", "c"]),
    ("multiple", {"other": True}, {"q": ["a", OWN_WORDS], f"q.{OWN_WORDS}": ["d"]}, ["a", {"other": "d"}]),
    ("ranking", {}, {"q.a": ["2"], "q.b": ["3"], "q.c": ["1"]}, ["c", "a", "b"]),
    ("matrix", {}, {"q.a": ["c"], "q.b": ["a"]}, {"a": "c", "b": "a"}),
    ("matrix", {"several": True}, {"q.a": ["a", "b"]}, {"a": ["a", "b"]}),
    ("number", {}, {"q": ["12"]}, 12),
    ("number", {"places": 2}, {"q": ["12,5"]}, 12.5),
    ("number", {"places": 2}, {"q": ["-12.5"]}, -12.5),
    ("date", {}, {"q": ["2026-03-02"]}, "2026-03-02"),
    ("short_text", {}, {"q": [" Ana "]}, "Ana"),
    ("long_text", {}, {"q": ["one\ntwo"]}, "one\ntwo"),
    ("email", {}, {"q": ["ana@example.com"]}, "ana@example.com"),
    ("phone", {}, {"q": ["+4930123456"]}, "+4930123456"),
    ("consent", {}, {"q": ["true"]}, True),
    ("file", {"most": 2}, {"q": [FILE]}, [FILE]),
]


def asked(type: str, **fields: Any) -> Any:
    [found] = definition(page("p", question("q", type, **fields))).questions
    return found


class TestAnswersIn:
    @pytest.mark.parametrize(("type", "fields", "entered", "answer"), ENTERED)
    def test_are_what_was_entered(
        self, type: str, fields: dict[str, Any], entered: dict[str, list[str]], answer: Any
    ) -> None:
        found = answers_in([asked(type, **fields)], entered)
        assert found == {"q": answer}
        surveyed = definition(page("p", question("q", type, **fields)))
        assert check(surveyed, attempt(**found), complete=True).problems == []

    @pytest.mark.parametrize(("type", "fields"), [(type, fields) for type, fields, _, _ in ENTERED])
    def test_are_none_where_nothing_was_entered(self, type: str, fields: dict[str, Any]) -> None:
        empty = asked(type, **fields)
        assert (
            answers_in([empty], {}) == answers_in([empty], {name: [" "] for name in names_of(empty)} | {"q": []}) == {}
        )

    def test_of_a_statement_there_are_none(self) -> None:
        assert answers_in([asked("statement")], {"q": ["x"]}) == {}

    @pytest.mark.parametrize(
        ("type", "text"), [("nps", "9.5"), ("nps", "nine"), ("number", "1.234,5"), ("number", "x")]
    )
    def test_keep_what_is_no_number_for_the_rules_to_refuse(self, type: str, text: str) -> None:
        found = answers_in([asked(type)], {"q": [text]})
        assert check(definition(page("p", question("q", type))), attempt(**found), complete=False).problems

    @given(
        entered=st.dictionaries(st.sampled_from(["q", "q.a", "q.speed", "q.+other"]), st.lists(st.text(), max_size=3))
    )
    def test_never_fail(self, entered: dict[str, list[str]]) -> None:
        for type, fields, _, _ in ENTERED:
            answers_in([asked(type, **fields)], entered)


class TestFieldsOf:
    @pytest.mark.parametrize(("type", "fields", "entered", "answer"), ENTERED)
    def test_are_what_the_answer_is_read_from(
        self, type: str, fields: dict[str, Any], entered: dict[str, list[str]], answer: Any
    ) -> None:
        shown = asked(type, **fields)
        given = fields_of([shown], {"q": answer})
        assert answers_in([shown], given) == {"q": answer}
        assert set(given) <= set(names_of(shown))


class TestSharedPlaces:
    def test_are_seen(self) -> None:
        assert shared_places(asked("ranking"), {"q.a": ["1"], "q.b": ["1"]})
        assert not shared_places(asked("ranking"), {"q.a": ["1"], "q.b": ["2"], "q.c": [""]})

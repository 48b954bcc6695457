"""Earlier answers inside later words."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.definition.flow import walk
from services.survey.definition.piping import END_OF_ISOLATE, ISOLATE, Pipe, filled, pipes
from tests.survey.definition.making import attempt, definition, page, question

SURVEY = definition(
    page(
        "p",
        question("name"),
        question(
            "plan", "single", options=[{"id": "pro", "label": {"en": "The Pro plan", "de": "Der Profi-Tarif"}}] * 2
        ),
        question("likes", "multiple", other=True),
        question("scores", "csi"),
        question("ok", "consent"),
    ),
    variables=[{"key": "total", "initial": "12.50"}],
    hidden_fields=[{"key": "shop"}],
)


def said(text: str, locale: str = "en", **answers: Any) -> str:
    return filled(text, walk(SURVEY, attempt(hidden={"shop": "Lisbon"}, **answers)).facts, locale, "en")


def isolated(text: str) -> str:
    return f"{ISOLATE}{text}{END_OF_ISOLATE}"


class TestFilled:
    @pytest.mark.parametrize(
        ("text", "answers", "result"),
        [
            ("Hi {{question.name}}!", {"name": "Ana"}, f"Hi {isolated('Ana')}!"),
            ("Hi {{ question.name | friend }}!", {}, "Hi friend!"),
            ("Hi {{question.name}}!", {}, "Hi !"),
            ("{{question.plan}}", {"plan": "pro"}, isolated("The Pro plan")),
            ("{{question.likes}}", {"likes": ["a", {"other": "bread"}]}, isolated("A, bread")),
            ("{{question.scores.speed}}", {"scores": {"speed": 9}}, isolated("9")),
            ("{{question.ok|?}}", {"ok": True}, "?"),
            ("{{hidden.shop}} {{variable.total}}", {}, f"{isolated('Lisbon')} {isolated('12.50')}"),
            ("{{question.name}}", {"name": "{{hidden.shop}}"}, isolated("{{hidden.shop}}")),
            ("{{nobody.knows|x}}", {}, "x"),
            ("{{ }} {{1}} {single}", {}, "{{ }} {{1}} {single}"),
        ],
    )
    def test_puts_in_what_is_known(self, text: str, answers: dict[str, Any], result: str) -> None:
        assert said(text, **answers) == result

    def test_names_an_option_in_the_readers_language(self) -> None:
        assert said("{{question.plan}}", "de", plan="pro") == isolated("Der Profi-Tarif")

    @given(name=st.text(max_size=50), text=st.text(max_size=50))
    def test_never_fails_and_never_reads_an_answer_as_a_template(self, name: str, text: str) -> None:
        assert said(text + "{{question.name}}", name=name).endswith(isolated(name) if name.strip() else text[-1:])


class TestPipes:
    def test_are_found_with_their_fallbacks(self) -> None:
        assert list(pipes("{{question.a}} {{ hidden.b | you }}")) == [Pipe("question.a", ""), Pipe("hidden.b", "you")]

"""Where in the body of a response a problem with its answers is."""

from datetime import UTC, datetime
from typing import Any

from services.survey.responses.answers import check_answers, kept, score_of
from services.survey.responses.schemas import NewResponse
from services.survey.surveys.published import PublishedSurvey
from shared.ids import new_id
from tests.survey.definition.making import definition, page, question

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ASKED = definition(
    page("p", question("score", "csat", required=True), question("why", "long_text"), question("i", "csi"))
)
SURVEY = PublishedSurvey(
    account_id=new_id(),
    survey_id=new_id(),
    version=1,
    is_open=True,
    name="CSAT",
    business="Corner Bakery",
    kind="csat",
    touchpoint=None,
    definition=ASKED,
    questions={each.key: each for each in ASKED.questions},
    score=ASKED.score,
    takes_files=False,
)


def response(*answers: tuple[str, Any], completed: bool = True) -> NewResponse:
    given: list[Any] = [{"question": key, "value": value} for key, value in answers]
    return NewResponse(survey_id=SURVEY.survey_id, submission_id="s", answers=given, completed=completed)


class TestCheckAnswers:
    def test_says_where_each_problem_is(self) -> None:
        given = response(("why", 1), ("colour", 1), ("i", {"speed": 11}), ("why", "x"))
        found = [(each.pointer, each.code) for each in check_answers(SURVEY, given, NOW)[1]]
        assert found == [
            ("/answers/1/question", "unknown_question"),
            ("/answers/0/value", "not_a_text"),
            ("/answers/2/value/speed", "out_of_range"),
            ("/answers", "missing_answer"),
            ("/answers/3/question", "answered_twice"),
        ]

    def test_keeps_what_fits_in_the_surveys_order(self) -> None:
        checked, problems = check_answers(SURVEY, response(("why", "late"), ("score", 2)), NOW)
        assert problems == []
        assert kept(checked.values) == [{"question": "score", "value": 2}, {"question": "why", "value": "late"}]
        assert score_of(SURVEY, checked.values) == 2

    def test_of_a_part_asks_for_nothing_more(self) -> None:
        assert check_answers(SURVEY, response(("why", "late"), completed=False), NOW)[1] == []

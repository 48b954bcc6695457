"""The answers of one response, held against the survey: see `definition.answers`, which decides."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.survey.definition.answers import Checked, Problem, check
from services.survey.definition.facts import Attempt
from services.survey.feedback.ratings import whole_score
from services.survey.responses.schemas import NewResponse
from services.survey.surveys.published import PublishedSurvey
from shared.http.errors import FieldProblem


def check_answers(survey: PublishedSurvey, response: NewResponse, now: datetime) -> tuple[Checked, list[FieldProblem]]:
    """What is kept of the answers, and every reason to refuse them, with a JSON Pointer to it."""
    places: dict[str, int] = {}
    given: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for index, answer in enumerate(response.answers):
        if places.setdefault(answer.question, index) == index:
            given[answer.question] = answer.value
        else:
            text = f"`{answer.question}` is answered twice."
            problems.append(FieldProblem(f"/answers/{index}/question", "answered_twice", text))
    attempt = Attempt(
        answers=given,
        hidden=response.hidden,
        language=response.language or survey.locale,
        channel=response.channel,
        today=now.date().isoformat(),
        left=None if response.left is None else frozenset(response.left),
    )
    # Who names the pages that were left is held to those; the next one is still to come.
    complete = response.completed or response.left is not None
    checked = check(survey.definition, attempt, complete=complete)
    return checked, [*(_located(problem, places) for problem in checked.problems), *problems]


def score_of(survey: PublishedSurvey, values: Mapping[str, Any]) -> int | None:
    """The answer to the leading score question as a whole number; of an index, on 0..100."""
    if survey.score is None or survey.score.key not in values:
        return None
    return whole_score(survey.score, values[survey.score.key])


def kept(values: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    """As they are stored and travel."""
    return [{"question": key, "value": value} for key, value in values.items()]


def _located(problem: Problem, places: Mapping[str, int]) -> FieldProblem:
    if problem.question not in places:
        return FieldProblem("/answers", problem.code, problem.words)
    field = "question" if problem.code == "unknown_question" else f"value{problem.place}"
    return FieldProblem(f"/answers/{places[problem.question]}/{field}", problem.code, problem.words)

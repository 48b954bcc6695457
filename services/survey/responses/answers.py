"""Whether answers fit the survey they answer. Nothing is ever bent into shape: what does not fit is refused."""

import re
from collections.abc import Sequence
from typing import Any

from services.survey.responses.schemas import NewAnswer
from services.survey.surveys.published import PublishedSurvey
from services.survey.surveys.questions import Question, RatingQuestion
from shared.http.errors import FieldProblem

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,9}")


def problems_with(survey: PublishedSurvey, answers: Sequence[NewAnswer], *, completed: bool) -> list[FieldProblem]:
    """Every reason to refuse, with a JSON Pointer to it; empty if the answers fit. A part may miss required ones."""
    found: list[FieldProblem] = []
    seen: set[str] = set()
    for index, answer in enumerate(answers):
        question = survey.questions.get(answer.question)
        if question is None:
            known = ", ".join(survey.questions)
            text = f"This survey has no question `{answer.question}`; it has {known}."
            found.append(FieldProblem(f"/answers/{index}/question", "unknown_question", text))
        elif answer.question in seen:
            text = f"`{answer.question}` is answered twice."
            found.append(FieldProblem(f"/answers/{index}/question", "answered_twice", text))
        elif (problem := _problem_with(question, answer.value)) is not None:
            found.append(FieldProblem(f"/answers/{index}/value", *problem))
        seen.add(answer.question)
    if completed and not survey.required <= seen:
        missing = ", ".join(sorted(survey.required - seen))
        text = f"An answer to {missing} is missing. Send it, or `completed: false` for a part."
        found.append(FieldProblem("/answers", "missing_answer", text))
    return found


def score_of(survey: PublishedSurvey, answers: Sequence[NewAnswer]) -> int | None:
    """The answer to the score question, once the answers are known to fit."""
    key = survey.score.key
    for answer in answers:
        if answer.question == key:
            score: int = answer.value
            return score
    return None


def as_number(text: str) -> int | str:
    """For text that has no numbers, such as a CSV cell: the whole number it says, else the text, to be refused."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text.strip()) else text


def _problem_with(question: Question, value: Any) -> tuple[str, str] | None:
    if isinstance(question, RatingQuestion):
        # bool is an int to Python, not to people.
        if type(value) is not int:
            return "not_a_number", f"A whole number from {question.minimum} to {question.maximum} is needed."
        if not question.minimum <= value <= question.maximum:
            return "out_of_range", f"{_shown(value)} is not between {question.minimum} and {question.maximum}."
        return None
    if not isinstance(value, str):
        return "not_a_text", "A text is needed."
    if len(value) > question.longest:
        return "too_long", f"At most {question.longest} characters are accepted."
    if question.required and not value.strip():
        return "missing_answer", "This question needs an answer."
    return None


def _shown(value: int) -> str:
    # Python refuses to print integers of thousands of digits.
    return str(value) if abs(value) < 10**12 else "That number"

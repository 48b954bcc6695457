"""Whether answers fit their survey: whatever comes in, it is stored as it is or refused."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.survey.responses.answers import as_number, problems_with, score_of
from services.survey.responses.schemas import NewAnswer
from services.survey.surveys.published import PublishedSurvey
from services.survey.surveys.ready_made import ready_made
from shared.ids import new_id

SCORE, COMMENT = ready_made("csat")
SURVEY = PublishedSurvey(
    account_id=new_id(),
    survey_id=new_id(),
    version=1,
    is_open=True,
    name="CSAT",
    business="Corner Bakery",
    kind="csat",
    locale="en",
    touchpoint=None,
    questions={"score": SCORE, "comment": COMMENT},
    required=frozenset({"score"}),
    score=SCORE,  # type: ignore[arg-type]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


class TestProblemsWith:
    @given(value=ANYTHING)
    def test_a_score_passes_only_as_a_whole_number_of_its_scale(self, value: Any) -> None:
        answers = [NewAnswer(question="score", value=value)]
        passes = not problems_with(SURVEY, answers, completed=True)
        assert passes == (type(value) is int and 1 <= value <= 5)
        if passes:
            assert score_of(SURVEY, answers) == value

    @given(value=ANYTHING)
    def test_a_comment_passes_only_as_a_text(self, value: Any) -> None:
        answers = [NewAnswer(question="score", value=1), NewAnswer(question="comment", value=value)]
        assert bool(problems_with(SURVEY, answers, completed=True)) == (not isinstance(value, str))

    def test_every_problem_is_told_at_once(self) -> None:
        answers = [NewAnswer(question="colour", value=1), NewAnswer(question="comment", value=1)]
        codes = [problem.code for problem in problems_with(SURVEY, answers, completed=True)]
        assert codes == ["unknown_question", "not_a_text", "missing_answer"]


class TestAsNumber:
    @given(st.integers(-(10**9) + 1, 10**9 - 1))
    def test_reads_what_people_write(self, number: int) -> None:
        assert as_number(f" {number} ") == number

    @given(st.text())
    def test_never_guesses(self, text: str) -> None:
        read = as_number(text)
        assert read == text or str(read) == text.strip() or text.strip().lstrip("-0") == str(read).lstrip("-0")

"""A definition survives being stored and sent."""

from decimal import Decimal

import pytest

from services.survey.definition.document import Definition
from tests.survey.definition.making import definition, page, question, when
from tests.survey.definition.test_answers import EVERY_TYPE

EVERYTHING = definition(
    page(
        "p",
        question("n", "number", minimum=0.5, maximum=10, places=1),
        question("d", "date", earliest="2026-01-01", latest="today"),
        question(
            "i", "csi", items=[{"id": "a", "label": {"en": "A"}, "weight": 0.25}, {"id": "b", "label": {"en": "B"}}]
        ),
        question("s", show_when={"not": {"all": [when("question.n", "is_answered"), when("question.n", "less", 3)]}}),
        calculations=[{"variable": "v", "operation": "add", "value": 1.5}],
    ),
    variables=[{"key": "v", "initial": 1}, {"key": "w", "initial": "1"}],
)


class TestDefinition:
    @pytest.mark.parametrize("survey", [EVERYTHING, EVERY_TYPE])
    def test_reads_as_it_was_written(self, survey: Definition) -> None:
        stored = survey.model_dump(mode="json")
        assert Definition.model_validate(stored) == survey
        assert Definition.model_validate_json(survey.model_dump_json()) == survey
        assert Definition.model_validate(stored).model_dump(mode="json") == stored

    def test_keeps_numbers_and_texts_apart(self) -> None:
        number, text = Definition.model_validate(EVERYTHING.model_dump(mode="json")).variables
        assert (number.initial, text.initial) == (Decimal(1), "1")

    def test_knows_its_leading_score(self) -> None:
        assert EVERY_TYPE.score is not None
        assert EVERY_TYPE.score.key == "a_nps"
        assert definition(page("p", question("q"))).score is None

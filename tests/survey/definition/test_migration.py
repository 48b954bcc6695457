"""Surveys made before there were definitions."""

import importlib

from services.survey.definition.document import Definition
from services.survey.definition.questions import CES, LongText

MIGRATION = importlib.import_module("services.survey.migrations.versions.0005_definitions")
OLD = [
    {
        "type": "rating",
        "key": "score",
        "required": True,
        "scheme": "ces",
        "minimum": 1,
        "maximum": 7,
        "direction": "high_is_bad",
        "texts": {
            "en": {"title": "How hard?", "low_label": "Easy", "high_label": "Hard"},
            "de": {"title": "Wie schwer?", "low_label": "Leicht", "high_label": "Schwer"},
        },
    },
    {"type": "text", "key": "comment", "required": False, "longest": 5000, "texts": {"en": {"title": "Why?"}}},
]


class TestConverted:
    def test_asks_the_same_in_the_same_languages(self) -> None:
        definition = Definition.model_validate(MIGRATION.converted(OLD, "en"))
        score, comment = definition.questions
        assert definition.locales == ["en", "de"]
        assert isinstance(score, CES)
        assert (score.key, score.points, score.direction, score.required) == ("score", 7, "high_is_bad", True)
        assert score.high_label == {"en": "Hard", "de": "Schwer"}
        assert isinstance(comment, LongText)
        assert (comment.title, comment.longest) == ({"en": "Why?"}, 5000)

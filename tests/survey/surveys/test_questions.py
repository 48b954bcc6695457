"""Texts in many languages."""

import pytest

from services.survey.surveys.questions import best_locale
from services.survey.surveys.ready_made import SCALES, ready_made
from services.survey.surveys.schemas import SurveyKind

TEXTS = {"de": "", "en": "", "pt-BR": ""}


class TestBestLocale:
    @pytest.mark.parametrize(
        ("wanted", "found"),
        [
            (("de",), "de"),
            (("de-AT",), "de"),
            (("pt-BR", "en"), "pt-BR"),
            (("pt", "en"), "en"),
            ((None, "fr", "en"), "en"),
            ((), "de"),
        ],
    )
    def test_is_the_first_wanted_that_there_is(self, wanted: tuple[str | None, ...], found: str) -> None:
        assert best_locale(TEXTS, *wanted) == found


class TestReadyMade:
    @pytest.mark.parametrize("kind", SCALES)
    def test_has_all_texts_in_all_languages(self, kind: SurveyKind) -> None:
        score, comment = ready_made(kind)
        assert set(score.texts) == set(comment.texts) >= {"en", "de"}

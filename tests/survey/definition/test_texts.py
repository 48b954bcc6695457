"""Texts in many languages."""

import pytest

from services.survey.definition.texts import best_locale

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

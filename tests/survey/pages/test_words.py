"""The page's own words: all of them, in every language, about the same things."""

import re
from typing import Any, get_args

import pytest

from services.survey.pages.rendering import Message
from services.survey.pages.words import language_name, words_in
from shared.http.languages import direction
from shared.sniffing import FileKind

LANGUAGES = ["en", "de", "fr", "es", "pt", "it", "nl", "ar"]


def blanks(text: Any) -> list[str]:
    return sorted(re.findall(r"\{\w+\}", str(text)))


@pytest.mark.parametrize("locale", LANGUAGES)
class TestEveryLanguage:
    def test_has_all_words_with_the_same_blanks(self, locale: str) -> None:
        english, words = words_in("en"), words_in(locale)
        assert list(words) == list(english)
        for name, text in english.items():
            if name != "kinds":
                assert blanks(words[name]) == blanks(text), name

    def test_has_a_title_and_a_text_for_every_message(self, locale: str) -> None:
        for message in get_args(Message):
            title, text = words_in(locale)[message]
            assert title.strip()
            assert text.strip()

    def test_names_every_kind_of_file(self, locale: str) -> None:
        assert set(words_in(locale)["kinds"]) == set(get_args(FileKind))


class TestNames:
    def test_are_what_speakers_call_their_language(self) -> None:
        assert [language_name(tag) for tag in ("de", "pt-BR", "xx")] == ["Deutsch", "Português", "xx"]

    def test_know_which_way_a_language_is_written(self) -> None:
        assert [direction(tag) for tag in ("ar", "he-IL", "de")] == ["rtl", "rtl", "ltr"]

"""Which language a text is in, and when to believe what was declared.

Seen to fail: with the declared language always believed, and never; without the look at the letters, Greek and Arabic.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.understanding.languages import detect
from tests.survey.understanding.test_sentiment import HAPPY, UNHAPPY

SHORT = ("ok", "Super!", "no comment", "👍", "")


class TestDetect:
    @pytest.mark.parametrize("language", HAPPY)
    @pytest.mark.parametrize("declared", [None, "sv", "nl", "en"])
    def test_reads_each_language_whatever_was_declared(self, language: str, declared: str | None) -> None:
        for text in (HAPPY[language], UNHAPPY[language]):
            assert detect(text, declared).language == language

    def test_keeps_what_was_declared_as_it_was_declared(self) -> None:
        assert detect("A comida estava deliciosa.", "pt-BR").language == "pt-BR"

    @pytest.mark.parametrize("text", SHORT)
    def test_believes_what_was_declared_where_the_text_is_short(self, text: str) -> None:
        for declared in ("de-AT", "sv", None):
            found = detect(text, declared)
            assert (found.language, found.certain) == (declared, False)

    @pytest.mark.parametrize(
        "text",
        [
            "Det tog alldeles för lång tid innan paketet kom fram till oss.",
            "Paczka przyszła dopiero po dwóch tygodniach i była uszkodzona.",
            "Το πακέτο άργησε πολύ να έρθει.",
            "وصل الطرد متأخرا جدا",
            "荷物が届くのが遅すぎます",
        ],
    )
    def test_does_not_take_another_language_for_one_of_ours(self, text: str) -> None:
        assert detect(text, None).language is None
        assert detect(text, "de").language is None
        assert detect(text, "ja-JP").language == "ja-JP"

    def test_is_not_led_astray_by_links_and_names(self) -> None:
        text = "@SuperShopUK Das Paket ist bis heute nicht da https://www.thebestshop.example/where/is/my/order"
        assert detect(text, None).language == "de"

    @given(st.text(max_size=300))
    def test_takes_any_text(self, text: str) -> None:
        assert detect(text, "fr").language in {"fr", "en", "de", "es", "it", "nl", "pt", None}

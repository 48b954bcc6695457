"""What somebody talks about."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.understanding.topics import MOST_EVIDENCE, default_taxonomy, folded


def found(text: str) -> dict[str, tuple[str, ...]]:
    return {topic.key: topic.evidence for topic in default_taxonomy().topics_of(text)}


class TestTopicsOf:
    @pytest.mark.parametrize(
        ("text", "topics"),
        [
            (
                "The DELIVERY was late, the parcel broken.",
                {"delivery": ("delivery", "late", "parcel"), "quality": ("broken",)},
            ),
            ("Lieferung viel zu spät und zu teuer!", {"delivery": ("lieferung", "zu spät"), "price": ("teuer",)}),
            (
                "Nobody told me; no reply from customer service.",
                {"support": ("nobody told", "no reply", "customer service")},
            ),
            ("Die Verkäuferin war unfreundlich", {"staff": ("unfreundlich",)}),
            ("late late LATE", {"delivery": ("late",)}),
            ("Latest chocolate, translated", {}),
            ("", {}),
        ],
    )
    def test_name_the_words_that_led_to_them(self, text: str, topics: dict[str, tuple[str, ...]]) -> None:
        assert found(text) == topics

    def test_do_not_depend_on_how_a_letter_is_composed(self) -> None:
        assert found(unicodedata.normalize("NFD", "Verspätung")) == {"delivery": ("verspätung",)}

    @given(st.text())
    def test_every_piece_of_evidence_stands_in_the_text(self, text: str) -> None:
        for topic in default_taxonomy().topics_of(text):
            assert topic.key in default_taxonomy().keys
            assert 0 < len(topic.evidence) <= MOST_EVIDENCE
            assert all(word in folded(text) for word in topic.evidence)

    def test_a_very_long_text_takes_no_time_to_speak_of(self) -> None:
        assert len(found("delivery " * 50_000)["delivery"]) == 1

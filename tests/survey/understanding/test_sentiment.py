"""How words tell how somebody feels, in every language that there is a lexicon for.

Seen to fail: with `hear` turning nothing, the turned sentences; with `_evidence` taking the folded words, the cases;
with `bounds` blind to elisions, "l'horrible".
"""

from time import perf_counter

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.understanding import lexicon
from services.survey.understanding.lexicon import languages, lexicon_of, weights_in
from services.survey.understanding.sentiment import read
from services.survey.understanding.words import places_of, words_of, written_in

HAPPY = {
    "en": "The staff were friendly and the food was delicious.",
    "de": "Sehr freundliches Personal, das Essen war köstlich.",
    "fr": "Personnel très aimable, le repas était délicieux.",
    "es": "El personal fue muy amable y la comida deliciosa.",
    "pt": "Equipa muito simpática e a comida estava deliciosa.",
    "it": "Personale gentile e cibo delizioso.",
    "nl": "Heel vriendelijk personeel en heerlijk eten.",
}
UNHAPPY = {
    "en": "The staff were rude and the food was awful.",
    "de": "Das Personal war unfreundlich und das Essen schrecklich.",
    "fr": "Personnel désagréable et repas horrible.",
    "es": "Personal maleducado y comida pésima.",
    "pt": "Atendimento péssimo e comida horrível.",
    "it": "Personale maleducato e cibo pessimo.",
    "nl": "Onvriendelijk personeel en het eten was vreselijk.",
}


@pytest.mark.parametrize("language", languages())
class TestEveryLanguage:
    def test_tells_the_happy_from_the_unhappy(self, language: str) -> None:
        happy, unhappy = read(HAPPY[language], language), read(UNHAPPY[language], f"{language}-XX")
        assert happy is not None
        assert unhappy is not None
        assert (happy.label, unhappy.label) == ("positive", "negative")
        assert unhappy.score < 0 < happy.score

    def test_shows_the_words_that_led_there_as_they_were_written(self, language: str) -> None:
        reading = read(UNHAPPY[language], language)
        assert reading is not None
        assert reading.evidence
        assert all(words in UNHAPPY[language] for words in reading.evidence)

    def test_weighs_every_word_once(self, language: str) -> None:
        parsed = orjson.loads((lexicon._FOLDER / f"{language}.json").read_bytes())
        entries = [entry for listed in parsed["weights"].values() for entry in listed.split()]
        assert sorted({entry for entry in entries if entries.count(entry) > 1}) == []
        assert [entry for entry in entries if entry.endswith("*") and len(entry) <= lexicon._SHORTEST_STEM] == []


class TestRead:
    @pytest.mark.parametrize(
        ("plain", "turned", "language"),
        [
            ("The food was good.", "The food was not good.", "en"),
            ("Das Essen war gut.", "Das Essen war nicht gut.", "de"),
            ("Lekker eten.", "Geen lekker eten.", "nl"),
        ],
    )
    def test_hears_a_negation(self, plain: str, turned: str, language: str) -> None:
        before, after = read(plain, language), read(turned, language)
        assert before is not None
        assert after is not None
        assert (before.label, after.label) == ("positive", "negative")

    def test_hears_no_negation_beyond_the_next_clause(self) -> None:
        english = lexicon_of("en")
        assert english is not None
        heard = english.hear(english.terms_of(written_in("Not cheap, but good")))
        assert heard.read == ["not", "not_cheap", ",", "but", "good"]

    def test_points_at_the_word_after_an_elision(self) -> None:
        reading = read("J'adore ! Mais l'horrible carton, l'horrible colle…", "fr")
        assert reading is not None
        assert "horrible" in reading.evidence

    @given(st.text(alphabet="ax8:)D(@ #'’.w-/ \nß", max_size=60))
    def test_finds_its_words_again_where_they_stand(self, text: str) -> None:
        found = [(word.start, word.end) for word in words_of(text)]
        assert places_of(written_in(text), text) == found

    def test_says_nothing_where_it_cannot_know(self) -> None:
        assert read("Terrible!", "sv") is None
        assert read("", "en") is None
        assert read(" \n", "en") is None

    def test_is_neutral_where_it_is_not_sure(self) -> None:
        reading = read("A box.", "en")
        assert reading is not None
        assert (reading.label, reading.evidence) == ("neutral", ())

    @given(st.text(max_size=300))
    def test_takes_any_text(self, text: str) -> None:
        for language in ("en", "nl"):
            reading = read(text, language)
            if reading is not None:
                assert -1 <= reading.score <= 1
                assert 0 <= reading.confidence <= 1

    def test_reads_a_very_long_text_no_further_than_people_do(self) -> None:
        started = perf_counter()
        assert read("good " * 200_000, "en") is not None
        assert started


class TestTextsOfNothingButSigns:
    @pytest.mark.parametrize("language", [*languages(), "ar", None])
    @pytest.mark.parametrize(
        ("text", "label", "evidence"),
        [
            ("👍", "positive", ("👍",)),
            ("👎🏽 !!", "negative", ("👎",)),
            ("❤️❤️❤️", "positive", ("❤",)),
            ("😡🤬", "negative", ("😡", "🤬")),
            ("🙂", "positive", ("🙂",)),
            ("🤦‍♀️", "negative", ("🤦",)),
            ("💯🔥", "positive", ("💯", "🔥")),
            (":-(", "negative", (":-(",)),
            ("xD", "positive", ("xD",)),
            # A thing that VADER reads by its description.
            ("🤷‍♂️🍠", "neutral", ()),
        ],
    )
    def test_are_read_alike_in_every_language(
        self, text: str, label: str, evidence: tuple[str, ...], language: str | None
    ) -> None:
        reading = read(text, language)
        assert reading is not None
        assert (reading.label, reading.evidence, reading.method) == (label, evidence, "lexicon")

    def test_may_say_both(self) -> None:
        reading = read("😍😡", None)
        assert reading is not None
        assert reading.mixed

    @pytest.mark.parametrize("text", ["ok 👍", "8", "👍 xl", "...", "🍠"])
    def test_are_not_those_with_a_word_or_without_a_sign(self, text: str) -> None:
        assert read(text, None) is None

    def test_are_as_exact_as_their_lists(self) -> None:
        listed = [sign for name in ("signs", "emoji") for sign in weights_in(name)]
        assert sorted({sign for sign in listed if listed.count(sign) > 1}) == []

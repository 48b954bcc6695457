"""How soon somebody should look, and by which words.

Seen to fail: without the look at denials, "nobody got hurt"; without the feeling, praise; without capitals, shouting.
"""

import orjson
import pytest

from services.survey.understanding import urgency
from services.survey.understanding.lexicon import languages
from services.survey.understanding.phrases import SHORTEST_STEM, Tokens, words_in
from services.survey.understanding.urgency import urgency_of
from shared.contracts.ratings import Band

SAYS = {
    "en": ("My son got hurt, I am calling my lawyer.", ("got hurt", "lawyer"), "Third time I ask, still no answer."),
    "de": ("Mein Sohn wurde verletzt, mein Anwalt ruft an.", ("verletzt", "Anwalt"), "Noch immer keine Antwort."),
    "fr": ("Mon fils s'est blessé, mon avocat écrira.", ("blessé", "avocat"), "Toujours aucune réponse."),
    "es": ("Hubo una explosión, hablaré con mi abogado.", ("explosión", "abogado"), "Sigo sin respuesta."),
    "it": ("È esploso, chiamo l'avvocato.", ("esploso", "avvocato"), "Ancora nessuna risposta."),
    "pt": (
        "Explodiu e levei choque, vou processar.",
        ("Explodiu", "levei choque", "vou processar"),
        "Continuo sem resposta.",
    ),
    "nl": ("Het apparaat ontplofte, ik doe aangifte.", ("ontplofte", "aangifte"), "Nog steeds geen antwoord."),
}


def found(text: str, language: str | None, feeling: Band | None = None) -> tuple[str, tuple[str, ...]]:
    result = urgency_of(Tokens(text), language, feeling)
    assert result is not None
    return result.label, result.evidence


@pytest.mark.parametrize("language", languages())
class TestEveryLanguage:
    def test_tells_harm_and_threats_from_asking_again(self, language: str) -> None:
        worst, words, again = SAYS[language]
        for known in (language, None):
            assert found(worst, known, "negative") == ("urgent", words)
            assert found(again, known, "neutral")[0] == "high"

    def test_has_its_own_words_for_each_reason(self, language: str) -> None:
        parsed: dict[str, str] = orjson.loads((urgency._FOLDER / f"{language}.json").read_bytes())
        assert set(parsed) == set(urgency._POINTS)
        phrases = [phrase for listed in parsed.values() for phrase in listed.split("; ")]
        assert sorted({phrase for phrase in phrases if phrases.count(phrase) > 1}) == []
        stems = [word for phrase in phrases for word in words_in(phrase) if word.endswith("*")]
        assert [stem for stem in stems if len(stem) <= SHORTEST_STEM] == []


class TestUrgencyOf:
    @pytest.mark.parametrize(
        ("text", "feeling", "label", "words"),
        [
            ("Nice shop", "positive", "low", ()),
            ("They replied immediately, great", "positive", "low", ()),
            ("The parcel was late", "negative", "normal", ()),
            ("Please call me", None, "normal", ("Please call",)),
            ("I want to cancel my subscription", "neutral", "high", ("cancel my",)),
            ("CANCEL MY subscription, I will tell the POLICE", "negative", "urgent", ("CANCEL MY", "POLICE")),
            ("Nobody got hurt", None, "low", ()),
            ("It wasn't dangerous", None, "low", ()),
            ("I will not hesitate to sue you", None, "urgent", ("sue you",)),
            ("WHERE IS MY PARCEL", None, "normal", ("WHERE", "IS", "MY")),
            ("Where is my parcel!!", "negative", "high", ("!!",)),
            ("Hospitality, a pursuer and a policeman", None, "low", ()),
        ],
    )
    def test_adds_up_what_is_said(self, text: str, feeling: Band | None, label: str, words: tuple[str, ...]) -> None:
        assert found(text, "en", feeling) == (label, words)

    def test_reads_german_without_umlauts(self) -> None:
        assert found("Das ist gefaehrlich", "de") == ("urgent", ("gefaehrlich",))

    def test_says_nothing_of_a_text_without_words(self) -> None:
        assert urgency_of(Tokens("!?"), "en", None) is None

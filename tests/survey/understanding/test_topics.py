"""What somebody talks about.

Seen to fail: with accents left on, "qualite"; with beginnings taken for words, "later"; without the look at denials,
"not great".
"""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.survey.taxonomy.document import default_taxonomy
from services.survey.understanding.lexicon import languages
from services.survey.understanding.phrases import Phrases, Tokens
from services.survey.understanding.topics import MOST_EVIDENCE, Taxonomy, TopicPhrases
from services.survey.understanding.words import composed

# Of each language one text for every topic of the first level but praise.
SAID = {
    "en": {
        "quality": "It broke after two days.",
        "delivery": "The parcel never arrived.",
        "price": "Far too expensive.",
        "staff": "The waiter was rude.",
        "website": "The app keeps crashing.",
        "waiting": "We stood in line for an hour.",
        "returns": "I want my money back.",
        "availability": "Sold out again.",
        "safety": "The charger caught fire.",
    },
    "de": {
        "quality": "Nach zwei Tagen war es kaputt.",
        "delivery": "Das Paket kam nie an.",
        "price": "Viel zu teuer.",
        "staff": "Der Kellner war unverschämt.",
        "website": "Die App stürzt ständig ab, Fehlermeldung.",
        "waiting": "Eine Stunde Schlange stehen.",
        "returns": "Ich will mein Geld zurück.",
        "availability": "Schon wieder ausverkauft.",
        "safety": "Das Ladegerät hat Feuer gefangen.",
    },
    "fr": {
        "quality": "En panne au bout de deux jours.",
        "delivery": "Le colis n'est jamais arrivé.",
        "price": "Beaucoup trop cher.",
        "staff": "Le serveur était désagréable.",
        "website": "L'appli plante sans arrêt.",
        "waiting": "Une heure de queue.",
        "returns": "Je veux être remboursé.",
        "availability": "Encore en rupture de stock.",
        "safety": "Le chargeur a pris feu.",
    },
    "es": {
        "quality": "Se rompió a los dos días.",
        "delivery": "El paquete nunca llegó.",
        "price": "Demasiado caro.",
        "staff": "El camarero fue grosero.",
        "website": "La app se cuelga.",
        "waiting": "Una hora de cola.",
        "returns": "Quiero un reembolso.",
        "availability": "Otra vez agotado.",
        "safety": "El cargador prendió fuego.",
    },
    "it": {
        "quality": "Si è rotto dopo due giorni.",
        "delivery": "Il pacco non è mai arrivato.",
        "price": "Troppo caro.",
        "staff": "Il cameriere era maleducato.",
        "website": "L'app si blocca sempre.",
        "waiting": "Un'ora di coda.",
        "returns": "Voglio il rimborso.",
        "availability": "Di nuovo esaurito.",
        "safety": "Il caricatore ha preso fuoco.",
    },
    "nl": {
        "quality": "Na twee dagen was het kapot.",
        "delivery": "Het pakket is nooit aangekomen.",
        "price": "Veel te duur.",
        "staff": "De ober was onbeleefd.",
        "website": "De app loopt steeds vast.",
        "waiting": "Een uur in de rij gestaan.",
        "returns": "Ik wil mijn geld terug.",
        "availability": "Alweer uitverkocht.",
        "safety": "De lader vloog in brand.",
    },
    "pt": {
        "quality": "Avariou ao fim de dois dias.",
        "delivery": "A encomenda nunca chegou.",
        "price": "Muito caro.",
        "staff": "O empregado foi antipático.",
        "website": "A aplicação está sempre a dar erro.",
        "waiting": "Uma hora na fila.",
        "returns": "Quero o reembolso.",
        "availability": "Outra vez esgotado.",
        "safety": "O carregador pegou fogo.",
    },
}


def found(text: str, language: str | None = None) -> dict[str, tuple[str, ...]]:
    topics = default_taxonomy().topics_of(Tokens(composed(text)), language)
    return {topic.key: topic.evidence for topic in topics}


def tops(text: str, language: str | None) -> set[str]:
    topics = default_taxonomy().topics_of(Tokens(composed(text)), language)
    return {topic.key for topic in topics if topic.parent is None}


class TestTopicsOf:
    @pytest.mark.parametrize("language", languages())
    def test_are_known_in_every_language(self, language: str) -> None:
        for key, text in SAID[language].items():
            assert tops(text, language) == {key}, text
            assert key in tops(text, None), text

    @pytest.mark.parametrize(
        ("text", "language", "topics"),
        [
            (
                "The DELIVERY was late, the parcel broken.",
                "en",
                {
                    "quality": ("broken",),
                    "defects": ("broken",),
                    "delivery": ("DELIVERY", "late", "parcel"),
                    "late_delivery": ("late",),
                },
            ),
            (
                "Lieferung viel zu spät und zu teuer!",
                "de",
                {
                    "delivery": ("Lieferung", "zu spät"),
                    "late_delivery": ("zu spät",),
                    "price": ("zu teuer",),
                    "price_level": ("zu teuer",),
                },
            ),
            ("late late LATE", "en", {"delivery": ("late",), "late_delivery": ("late",)}),
            ("Later the latest chocolate, translated on a plate", "en", {}),
            ("Bonne qualite", "fr", {"quality": ("Bonne qualite",)}),
            ("Not great", "en", {}),
            ("Great!", "en", {"praise": ("Great",), "delight": ("Great",)}),
            ("Zu spaet", "de", {"delivery": ("Zu spaet",), "late_delivery": ("Zu spaet",)}),
            ("Tres cher", "fr", {"price": ("cher",), "price_level": ("cher",)}),
            ("", None, {}),
        ],
    )
    def test_name_the_words_that_led_to_them(
        self, text: str, language: str | None, topics: dict[str, tuple[str, ...]]
    ) -> None:
        assert found(text, language) == topics

    def test_do_not_depend_on_how_a_letter_is_composed(self) -> None:
        assert found(unicodedata.normalize("NFD", "Verspätung"), "de")["delivery"] == ("Verspätung",)

    def test_take_no_words_of_another_language(self) -> None:
        assert "cleanliness" in found("La salle est sale", "fr")
        assert "cleanliness" not in found("I bought it in the sale", "en")

    @given(st.text())
    def test_every_piece_of_evidence_stands_in_the_text(self, text: str) -> None:
        for key, evidence in found(text).items():
            assert key in default_taxonomy().keys
            assert 0 < len(evidence) <= MOST_EVIDENCE
            assert all(words in composed(text) for words in evidence)

    def test_a_very_long_text_takes_no_time_to_speak_of(self) -> None:
        assert len(found("delivery " * 50_000)["delivery"]) == 1


class TestPhrases:
    def test_the_longest_wins_and_none_overlap(self) -> None:
        phrases = Phrases({"a": ["customer service"], "b": ["service", "customer*"], "c": ["service was slow*"]})
        tokens = Tokens("Customer service was slower; customers, service was fine")
        assert [(one.key, one.first, one.last) for one in phrases.find(tokens.folded)] == [
            ("a", 0, 1),
            ("b", 4, 4),
            ("b", 5, 5),
        ]

    def test_words_of_any_language_are_looked_for_in_all(self) -> None:
        taxonomy = Taxonomy([TopicPhrases("boxes", None, False, {"any": ["MegaBox*"], "en": ["box"]})])
        for text, language, expected in (("Die Megaboxen", "de", 1), ("Die box", "de", 0), ("Die box", None, 1)):
            assert len(taxonomy.topics_of(Tokens(text), language)) == expected

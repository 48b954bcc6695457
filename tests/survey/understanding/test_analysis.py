"""How somebody feels, and how we know."""

import subprocess
import sys

from services.survey.taxonomy.document import default_taxonomy
from services.survey.understanding.analysis import analyse, sentiment_of
from tests.survey.feedback.test_ratings import question, rated


class TestSentimentOf:
    def test_the_own_rating_comes_before_the_words(self) -> None:
        sentiment = sentiment_of(rated(question("csat"), 1), "Great, wonderful, best ever!", "en")
        assert sentiment is not None
        assert (sentiment.label, sentiment.score, sentiment.method) == ("negative", -1.0, "rating")

    def test_english_words_tell_where_there_is_no_rating(self) -> None:
        for text, label in (
            ("I love it, great!", "positive"),
            ("Terrible and rude.", "negative"),
            ("A box.", "neutral"),
        ):
            sentiment = sentiment_of(None, text, "en-GB")
            assert sentiment is not None
            assert (sentiment.label, sentiment.method) == (label, "model")

    def test_words_of_a_language_without_a_lexicon_tell_nothing(self) -> None:
        assert sentiment_of(None, "Hemskt!", "sv") is None
        assert sentiment_of(None, "Terrible!", None) is None
        assert sentiment_of(None, None, "en") is None

    def test_says_which_words_told_and_which_model_read_them(self) -> None:
        sentiment = sentiment_of(None, "Friendly, but the box was broken.", "en")
        assert sentiment is not None
        assert "broken" in " ".join(sentiment.evidence)
        assert sentiment.model == "en-1"

    def test_a_process_that_meets_no_bare_text_does_not_load_the_models(self) -> None:
        code = (
            "import services.survey.app, services.survey.understanding.sentiment as s, sys; "
            "sys.exit('vaderSentiment' in sys.modules or s.model_of.cache_info().currsize)"
        )
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestAnalyse:
    def test_reads_a_text_in_its_own_language_whatever_the_page_was_in(self) -> None:
        found = analyse(
            "Die Lieferung kam viel zu spät, ich kündige!!",
            rating=None,
            language_hint="en",
            taxonomy=default_taxonomy(),
        )
        assert found.sentiment is not None
        assert found.urgency is not None
        assert (found.language, found.sentiment.label) == ("de", "negative")
        assert (found.urgency.label, found.urgency.evidence) == ("urgent", ("kündige",))
        assert "delivery" in {topic.key for topic in found.topics}

    def test_notes_words_that_speak_against_the_rating(self) -> None:
        best = rated(question("csat"), 5)
        text = "The staff were rude and the food was awful."
        against = analyse(text, rating=best, language_hint="en", taxonomy=default_taxonomy()).sentiment
        for_it = analyse("Great food!", rating=best, language_hint="en", taxonomy=default_taxonomy()).sentiment
        assert against is not None
        assert for_it is not None
        assert (against.label, against.method, against.mixed) == ("positive", "rating", True)
        assert any("rude" in words for words in against.evidence)
        assert (for_it.mixed, for_it.evidence) == (False, ())

    def test_notes_praise_and_blame_in_one(self) -> None:
        text = "Wonderful food, but the staff were rude."
        found = analyse(text, rating=None, language_hint=None, taxonomy=default_taxonomy())
        assert found.sentiment is not None
        assert found.sentiment.mixed

    def test_of_no_text_knows_the_rating_alone(self) -> None:
        found = analyse(" ", rating=rated(question("csat"), 5), language_hint="en", taxonomy=default_taxonomy())
        assert (found.language, found.urgency, found.topics) == (None, None, ())
        assert found.sentiment is not None

"""How somebody feels, and how we know."""

import subprocess
import sys

from services.survey.understanding.analysis import sentiment_of
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

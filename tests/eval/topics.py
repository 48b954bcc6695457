"""What the default taxonomy finds in published reviews. They have no labels of topics, so this says how much it covers
and whether what it names fits the set: phones, restaurants, films, tweets about anything."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.survey.taxonomy.document import default_taxonomy
from services.survey.understanding.analysis import analyse
from tests.eval.datasets import SENTENCES, TWEET_LANGUAGES, dutch, sentences, tweets

_MOST_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Coverage:
    """The share of texts with a topic, and the commonest topics with their shares."""

    what: str
    covered: float
    commonest: Sequence[tuple[str, float]]


def coverages() -> Iterator[Coverage]:
    for name in SENTENCES:
        yield _coverage(f"en sentences: {name}", "en", [row.text for row in sentences(name)])
    yield _coverage("nl sentences of our own", "nl", [row.text for row in dutch()])
    for language in TWEET_LANGUAGES:
        yield _coverage(f"{language} tweets", language, [row.text for row in tweets(language, "val")])


def _coverage(what: str, language: str, texts: Sequence[str]) -> Coverage:
    found = [analyse(text, rating=None, language_hint=language, taxonomy=default_taxonomy()).topics for text in texts]
    tops = Counter(topic.key for topics in found for topic in topics if topic.parent is None)
    commonest = [(key, count / len(texts)) for key, count in tops.most_common(_MOST_SHOWN)]
    return Coverage(what, sum(map(bool, found)) / len(texts), commonest)

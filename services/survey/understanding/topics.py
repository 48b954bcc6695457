"""What somebody talks about, by the phrases of a taxonomy of two levels."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from services.survey.understanding.labels import Topic
from services.survey.understanding.phrases import Phrases, Tokens, different, is_denied
from services.survey.understanding.urgency import negators_of

# The language of phrases that are looked for in every text, such as names.
ANY: Final = "any"
MOST_EVIDENCE: Final = 10


class TopicPhrases(NamedTuple):
    """`phrases` by language. `affirmed`: one that is denied does not count, as in "not great"."""

    key: str
    parent: str | None
    affirmed: bool
    phrases: Mapping[str, Sequence[str]]


class Taxonomy:
    """Ready to read texts with. A parent comes before its children; those are found with their parent."""

    def __init__(self, topics: Iterable[TopicPhrases]) -> None:
        self._topics: Final = {topic.key: topic for topic in topics}
        self._places: Final = {key: place for place, key in enumerate(self._topics)}
        self._by_language: Final[dict[str | None, Phrases]] = {}

    @property
    def keys(self) -> Sequence[str]:
        return tuple(self._topics)

    def parent_of(self, key: str) -> str | None:
        """None for a topic of the first level, and for one that is not here."""
        topic = self._topics.get(key)
        return topic.parent if topic is not None else None

    def topics_of(self, tokens: Tokens, language: str | None) -> tuple[Topic, ...]:
        """In the order of the taxonomy. `language`: None looks for the phrases of all."""
        found: dict[str, list[str]] = {}
        for one in self._phrases(language).find(tokens.folded):
            topic = self._topics[one.key]
            if topic.affirmed and is_denied(tokens.folded, one, negators_of(language)):
                continue
            words = tokens.words(one)
            found.setdefault(topic.key, []).append(words)
            if topic.parent is not None:
                found.setdefault(topic.parent, []).append(words)
        return tuple(
            Topic(key=key, parent=self._topics[key].parent, evidence=different(found[key], MOST_EVIDENCE))
            for key in sorted(found, key=self._places.__getitem__)
        )

    def _phrases(self, language: str | None) -> Phrases:
        known = self._by_language.get(language)
        if known is None:
            wanted = {
                topic.key: [
                    phrase
                    for spoken, phrases in topic.phrases.items()
                    if language is None or spoken in (language, ANY)
                    for phrase in phrases
                ]
                for topic in self._topics.values()
            }
            known = self._by_language[language] = Phrases(wanted)
        return known

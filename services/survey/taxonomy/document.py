"""The topics of an account as a document, and the one that every account begins with."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import AfterValidator, Field, StringConstraints

from services.survey.definition.texts import Key
from services.survey.understanding.lexicon import languages
from services.survey.understanding.topics import ANY, Taxonomy, TopicPhrases
from shared.http.schemas import Model, Name, one_line

_FOLDER: Final = Path(__file__).parent / "default"
MOST_TOPICS: Final = 300
MOST_SYNONYMS: Final = 500
# Only praise that is not denied is praise.
_AFFIRMED: Final = "praise"

Synonym = Annotated[str, Field(max_length=80), AfterValidator(one_line)]
SynonymLanguage = Annotated[str, StringConstraints(pattern=rf"^([a-z]{{2}}|{ANY})$")]
Synonyms = dict[SynonymLanguage, Annotated[list[Synonym], Field(max_length=MOST_SYNONYMS)]]


class TopicDefinition(Model):
    """`key` is what feedback, rules and metrics call it, for good; `parent`: the key of the topic that it is a part of.

    `synonyms`: the words that lead to it, by language (`any`: in every language); one that ends in `*` stands for all
    words that begin so. `affirmed`: they do not count after a "not". `retired`: it is not looked for any more, and
    what was found stays; `merged_into` says where it went.
    """

    key: Key
    name: Name
    parent: Key | None = None
    synonyms: Annotated[Synonyms, Field(max_length=40)] = Field(default_factory=dict)
    affirmed: bool = False
    retired: bool = False
    merged_into: Key | None = None


class TaxonomyDefinition(Model):
    """Topics of the first level, and those of the second, which name their parent."""

    topics: Annotated[list[TopicDefinition], Field(max_length=MOST_TOPICS)]


@cache
def default_definition() -> TaxonomyDefinition:
    """`default/topics.json` with the phrases of `default/<language>.json`."""
    phrases: dict[str, dict[str, str]] = {
        language: orjson.loads((_FOLDER / f"{language}.json").read_bytes()) for language in languages()
    }

    def topic(entry: dict[str, Any], parent: str | None) -> TopicDefinition:
        synonyms = {language: phrases[language][entry["key"]].split("; ") for language in phrases}
        affirmed = _AFFIRMED in (entry["key"], parent)
        return TopicDefinition(
            key=entry["key"], name=entry["name"], parent=parent, synonyms=synonyms, affirmed=affirmed
        )

    topics: list[TopicDefinition] = []
    for entry in orjson.loads((_FOLDER / "topics.json").read_bytes()):
        topics += [topic(entry, None), *(topic(part, entry["key"]) for part in entry["topics"])]
    return TaxonomyDefinition(topics=topics)


@cache
def default_taxonomy() -> Taxonomy:
    return compiled(default_definition())


def compiled(definition: TaxonomyDefinition) -> Taxonomy:
    """Without what is retired. A first-level topic stands before its parts."""
    return Taxonomy(
        TopicPhrases(topic.key, topic.parent, topic.affirmed, topic.synonyms) for topic in in_order(definition.topics)
    )


def in_order(topics: Sequence[TopicDefinition]) -> Iterator[TopicDefinition]:
    """Those in use, each followed by its parts."""
    for topic in topics:
        if topic.parent is None and not topic.retired:
            yield topic
            yield from (part for part in topics if part.parent == topic.key and not part.retired)

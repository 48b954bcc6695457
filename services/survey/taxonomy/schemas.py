"""Bodies of `/v1/taxonomy`."""

from typing import Annotated, Self

from pydantic import Field

from services.survey.definition.texts import Key, Locale
from services.survey.taxonomy.document import Synonyms, TopicDefinition
from services.survey.understanding.analysis import Analysis
from shared.http.schemas import Model, Name


class TaxonomyOut(Model):
    """`is_default`: nothing was changed. Retired topics are in it, too."""

    version: int
    is_default: bool
    topics: list[TopicDefinition]


class NewTopic(Model):
    """As in `TopicDefinition`."""

    key: Key
    name: Name
    parent: Key | None = None
    synonyms: Annotated[Synonyms, Field(max_length=40)] = Field(default_factory=dict)
    affirmed: bool = False


class TopicChange(Model):
    """What is left out stays. `synonyms` replaces those of the languages it names; an empty list takes them away."""

    name: Name = ""
    parent: Key | None = None
    synonyms: Annotated[Synonyms, Field(max_length=40)] = Field(default_factory=dict)
    affirmed: bool = False
    retired: bool = False

    def on(self, topic: TopicDefinition) -> TopicDefinition:
        changed = {name: getattr(self, name) for name in self.model_fields_set - {"synonyms"}}
        synonyms = {language: listed for language, listed in (topic.synonyms | self.synonyms).items() if listed}
        if changed.get("retired") is False:
            changed["merged_into"] = None
        return topic.model_copy(update=changed | {"synonyms": synonyms})


class TopicMerge(Model):
    """`into`: the key of the topic that gets the words."""

    into: Key


class Trial(Model):
    """`language`: what would be declared with the text."""

    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    language: Locale | None = None


class TrialTopic(Model):
    key: str
    parent: str | None
    evidence: list[str]


class TrialOut(Model):
    """What would be found in the text. `language`: that of the text, as far as it can be told."""

    language: str | None
    sentiment: str | None
    urgency: str | None
    topics: list[TrialTopic]

    @classmethod
    def of(cls, analysis: Analysis) -> Self:
        return cls(
            language=analysis.language,
            sentiment=analysis.sentiment.label if analysis.sentiment else None,
            urgency=analysis.urgency.label if analysis.urgency else None,
            topics=[TrialTopic.model_validate(topic) for topic in analysis.topics],
        )

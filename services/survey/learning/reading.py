"""How an account's texts are read: by the built-in models and its taxonomy, then by what its own people taught."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import select

from services.survey.learning.linear import LinearModel, unpacked
from services.survey.learning.models import TextModel
from services.survey.taxonomy import service as taxonomies
from services.survey.understanding.analysis import Analysis, analyse
from services.survey.understanding.labels import Sentiment, Topic
from services.survey.understanding.topics import Taxonomy
from shared.contracts.ratings import Rating
from shared.work import Work

# Of one process; a model takes some megabytes.
_MOST_KEPT: Final = 32
_kept: OrderedDict[UUID, LinearModel] = OrderedDict()


class Question(NamedTuple):
    """What is asked of a reader."""

    text: str | None
    rating: Rating | None
    language_hint: str | None


@dataclass(frozen=True, slots=True)
class Own:
    """An account's active model of one kind."""

    name: str
    model: LinearModel
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads texts as the account wants them read at this moment. `known`: what `analysis.analyse` found before."""

    taxonomy: Taxonomy
    sentiment: Own | None
    topics: Own | None
    known: Mapping[Question, Analysis] = field(default_factory=dict)

    def read(self, text: str | None, *, rating: Rating | None, language_hint: str | None) -> Analysis:
        """As `analysis.analyse`, which it refines where the account's own models are sure enough."""
        found = self.known.get(Question(text, rating, language_hint))
        if found is None:
            found = analyse(text, rating=rating, language_hint=language_hint, taxonomy=self.taxonomy)
        if not text:
            return found
        sentiment, topics = found.sentiment, found.topics
        if self.sentiment is not None and rating is None:
            sentiment = _sentiment(self.sentiment, text, found) or sentiment
        if self.topics is not None:
            topics = _topics(self.topics, text, found, self.taxonomy)
        return replace(found, sentiment=sentiment, topics=topics)


def words_of(title: str | None, text: str | None) -> str | None:
    """What is read of a piece of feedback; None where nobody wrote anything."""
    return "\n\n".join(filter(None, (title, text))) or None


async def reader_of(work: Work) -> Reader:
    """With the models that are active now; those read before are kept in memory."""
    columns = (TextModel.id, TextModel.kind, TextModel.version, TextModel.thresholds)
    statement = select(*columns).where(TextModel.account_id == work.account_id, TextModel.active)
    own: dict[str, Own] = {}
    for model_id, kind, version, thresholds in await work.session.execute(statement):
        own[kind] = Own(f"own-{kind}-{version}", await _model(work, model_id), thresholds)
    return Reader(await taxonomies.current(work), own.get("sentiment"), own.get("topics"))


def signals_of(kind: str, found: Analysis) -> dict[str, float]:
    """What the built-in reading says, for a model to weigh."""
    if kind == "topics":
        return {f"topic:{topic.key}": 1.0 for topic in found.topics}
    sentiment = found.sentiment
    if sentiment is None or sentiment.method not in ("model", "lexicon"):
        return {}
    return {"score": sentiment.score, "strength": abs(sentiment.score), sentiment.label: 1.0}


async def _model(work: Work, model_id: UUID) -> LinearModel:
    if model_id not in _kept:
        statement = select(TextModel.content).where(TextModel.id == model_id, TextModel.account_id == work.account_id)
        _kept[model_id] = unpacked(await work.session.scalar(statement) or b"")
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    _kept.move_to_end(model_id)
    return _kept[model_id]


def _sentiment(own: Own, text: str, found: Analysis) -> Sentiment | None:
    """None where it abstains."""
    shares = own.model.shares(text, signals_of("sentiment", found))
    label = max(shares, key=lambda one: shares[one])
    if shares[label] < own.thresholds["at_least"]:
        return None
    return Sentiment(
        label=label,  # type: ignore[arg-type]
        score=round(shares["positive"] - shares["negative"], 4),
        method="model",
        evidence=own.model.evidence(text, label),
        model=own.name,
    )


def _topics(own: Own, text: str, found: Analysis, taxonomy: Taxonomy) -> tuple[Topic, ...]:
    """What the taxonomy found, less what the model is sure is not meant, and what it is sure of besides."""
    shares = own.model.shares(text, signals_of("topics", found))
    kept = [topic for topic in found.topics if shares.get(topic.key, 1.0) > own.thresholds["no"]]
    known = {topic.key for topic in found.topics}
    added = [
        Topic(key=label, parent=taxonomy.parent_of(label), evidence=own.model.evidence(text, label), model=own.name)
        for label, share in shares.items()
        if label not in known and share >= own.thresholds["yes"]
    ]
    return (*kept, *added)

"""What there is to answer with: public articles that may fit a question, each with how probably it does, and the
passage of it that says so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.tickets.articles.addresses import article_url
from services.tickets.articles.finding import PUBLIC
from services.tickets.articles.languages import best_of
from services.tickets.articles.models import Article, Translation
from services.tickets.articles.search import Wanted, search
from services.tickets.articles.vocabulary import words_in
from services.tickets.articles.writing import passages
from services.tickets.assistant.knowing import ANSWERS_AT, ASKS_AT, Model, unpacked
from services.tickets.assistant.models import Knowledge
from shared.work import Work

MOST: Final = 3
# All the words of a question in one article are worth that much; what the model knows is worth more.
_WORDS_ALONE: Final = 0.7
_LEAST_WORDS: Final = 2
_STEM: Final = 5
_SHORTEST: Final = 4
_LONGEST_PASSAGE: Final = 600
_SENTENCE: Final = re.compile(r"(?<=[.!?])\s")
_Cached = dict[tuple[UUID, str], tuple[Any, Model]]
# By account and language, with when it was learned; a model is unpacked once.
_MODELS: Final[_Cached] = {}
_MOST_MODELS: Final = 50


@dataclass(frozen=True, slots=True)
class Candidate:
    """An article that may answer, and its passage that comes nearest to the question."""

    article_id: str
    title: str
    url: str
    passage: str
    confidence: float

    @property
    def citation(self) -> dict[str, Any]:
        return {"article_id": self.article_id, "title": self.title, "url": self.url}


async def candidates(work: Work, said: str, locale: str) -> list[Candidate]:
    """The most probable first; none that is not public, and none in a language the customer does not read."""
    written = await _locale(work, locale)
    if written is None:
        return []
    confidence: dict[str, float] = {}
    model = await _model(work, written)
    if model is not None:
        confidence = {one.label: one.confidence for one in model.ranked(said, MOST) if one.confidence >= ASKS_AT / 2}
    result = await search(work, Wanted(said, written, PUBLIC, limit=MOST))
    enough = len(words_in(said)) >= _LEAST_WORDS
    for match in result.matches:
        # Some of the words are worth a question back, and never an answer.
        by_words = _WORDS_ALONE if enough and match.covered == 1 else ANSWERS_AT * match.covered * 0.99
        confidence[str(match.article_id)] = max(confidence.get(str(match.article_id), 0.0), by_words)
    found = [await _candidate(work, written, said, key, sure) for key, sure in confidence.items()]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.confidence, one.title))[:MOST]


async def candidate(work: Work, article_id: str, said: str, locale: str) -> Candidate | None:
    """An article that the customer chose."""
    written = await _locale(work, locale)
    return await _candidate(work, written, said, article_id, 1.0) if written is not None else None


async def questions_of(work: Work) -> dict[str, list[tuple[str, str]]]:
    """What public articles say that customers ask, with the article that answers, by language."""
    statement = (
        select(Translation)
        .join(Article, Article.id == Translation.article_id)
        .where(Translation.account_id == work.account_id, Article.visibility == "public")
        .order_by(Translation.locale, Translation.article_id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for one in await work.session.scalars(statement):
        asked = [*one.questions, one.title, *([one.summary] if one.summary else [])]
        found.setdefault(one.locale, []).extend((text, str(one.article_id)) for text in asked)
    return found


async def _candidate(work: Work, locale: str, said: str, article_id: str, confidence: float) -> Candidate | None:
    """None if it is public no more: what was learned may be a moment older than what is shown."""
    article = await work.session.get(Article, UUID(article_id))
    translation = await work.session.get(Translation, (UUID(article_id), locale))
    if article is None or translation is None or article.visibility != "public":
        return None
    return Candidate(
        article_id=article_id,
        title=translation.title,
        url=article_url(work.settings, work.account_id, locale, article.id, translation.title),
        passage=nearest(said, [translation.summary, *passages(translation.body)]),
        confidence=round(confidence, 3),
    )


def nearest(said: str, among: Sequence[str]) -> str:
    """The passage that has most of the words, the first of equals; with the one behind it if it is short."""
    asked, told = _stems(said), [passage for passage in among if passage]
    if not told:
        return ""
    shared = [len(asked & _stems(passage)) for passage in told]
    at = shared.index(max(shared))
    text = told[at] if len(told[at]) > _LONGEST_PASSAGE / 3 else "\n".join(told[at : at + 2])
    if len(text) <= _LONGEST_PASSAGE:
        return text
    kept = ""
    for sentence in _SENTENCE.split(text):
        if kept and len(kept) + len(sentence) > _LONGEST_PASSAGE:
            break
        kept = f"{kept} {sentence}".strip()
    return kept[: 2 * _LONGEST_PASSAGE]


def _stems(said: str) -> set[str]:
    """Of the words that may say something: those that are not short."""
    return {word[:_STEM] for word in words_in(said) if len(word) >= _SHORTEST}


async def _locale(work: Work, locale: str) -> str | None:
    public = (Translation.account_id == work.account_id) & (Article.visibility == "public")
    statement = select(Translation.locale).join(Article, Article.id == Translation.article_id).where(public).distinct()
    return best_of(await work.session.scalars(statement), locale)


async def _model(work: Work, locale: str) -> Model | None:
    mine = (Knowledge.account_id == work.account_id) & (Knowledge.locale == locale)
    learned_at = await work.session.scalar(select(Knowledge.learned_at).where(mine))
    if learned_at is None:
        return None
    key = work.account_id, locale
    known = _MODELS.get(key)
    if known is None or known[0] != learned_at:
        content = await work.session.scalar(select(Knowledge.content).where(mine))
        known = _MODELS[key] = learned_at, unpacked(content or b"")
        while len(_MODELS) > _MOST_MODELS:
            del _MODELS[next(iter(_MODELS))]
    return known[1]

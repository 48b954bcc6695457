"""Articles: written in several languages, kept with all they were, shown to those who may see them."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, func, select, text

from services.tickets.articles.languages import configuration_of
from services.tickets.articles.models import Article, Attachment, Category, Revision, Translation, Visibility
from services.tickets.articles.schemas import ArticlePatch, Content, NewArticle, TranslationIn
from services.tickets.articles.vocabulary import learn
from services.tickets.articles.writing import as_words
from shared.bus.subscriptions import Timer
from shared.contracts.tickets import ArticlePublished, ArticleWithdrawn
from shared.files import file_key, file_store
from shared.http.dependencies import check_match
from shared.http.errors import NotFound, Unacceptable
from shared.ids import new_id
from shared.work import Work

PUBLISH: Final = "articles.publish"
LEARN: Final = "assistant.learn"
# Several articles that change together are learned from once.
LEARNS_AFTER: Final = timedelta(seconds=10)
FILES_GONE: Final = "articles.files"

# A title counts most, then how customers ask and the summary, then the rest.
_INDEX: Final = text(
    """
    update tickets.article_translations set search =
        setweight(to_tsvector(cast(:configuration as regconfig), title), 'A')
        || setweight(to_tsvector(cast(:configuration as regconfig), array_to_string(summary || questions, ' ')), 'B')
        || setweight(to_tsvector(cast(:configuration as regconfig), words), 'C')
    where account_id = :account_id and article_id = :article_id and locale = :locale
    """
)


class NoSuchArticle(NotFound):
    """There is no such article."""


class NoSuchRevision(NotFound):
    """The article has no such revision."""


async def create(work: Work, body: NewArticle) -> Article:
    """Raises `Unacceptable` for an unknown category, or a time that has passed."""
    await _check_category(work, body.category_id)
    _check_time(work, body.publish_at)
    article = Article(
        id=new_id(),
        account_id=work.account_id,
        version=0,
        category_id=body.category_id,
        visibility=body.visibility,
        publish_at=None,
        published_at=None,
        created_at=work.now,
        helpful=0,
        unhelpful=0,
    )
    work.session.add(article)
    _stamp(work, article)
    await work.session.flush()
    for locale, translation in body.translations.items():
        await _write(work, article, locale, translation)
    await _schedule(work, article, body.publish_at)
    await _keep(work, article, None, was="draft")
    return article


async def edit(work: Work, article_id: UUID, patch: ArticlePatch, expected: int | None) -> Article:
    """Raises `NoSuchArticle`, `StaleVersion` or `Unacceptable`."""
    article = await find(work, article_id, lock=True)
    check_match(expected, article.version)
    sent, was = patch.model_fields_set, article.visibility
    if "category_id" in sent:
        await _check_category(work, patch.category_id)
        article.category_id = patch.category_id
    if patch.visibility is not None:
        article.visibility = patch.visibility
    if "publish_at" in sent or article.visibility == "public":
        wanted = patch.publish_at if article.visibility != "public" else None
        _check_time(work, wanted)
        await _schedule(work, article, wanted)
    for locale, translation in patch.translations.items():
        await _write(work, article, locale, translation)
    if not await translations_of(work, article.id):
        raise Unacceptable.field("/translations", "no_language", "An article is written in at least one language.")
    _stamp(work, article)
    await _keep(work, article, patch.note, was=was)
    return article


async def restore(work: Work, article_id: UUID, version: int, note: str | None, expected: int | None) -> Article:
    """What it was becomes what it is, as a new version. What readers may see stays as it is now."""
    article = await find(work, article_id, lock=True)
    check_match(expected, article.version)
    revision = await work.session.get(Revision, (article_id, version))
    if revision is None:
        raise NoSuchRevision
    content = Content.model_validate(revision.content)
    for locale in await translations_of(work, article_id):
        if locale not in content.translations:
            await _write(work, article, locale, None)
    for locale, translation in content.translations.items():
        await _write(work, article, locale, translation)
    if content.category_id is None or await work.session.get(Category, content.category_id) is not None:
        article.category_id = content.category_id
    _stamp(work, article)
    await _keep(work, article, note or f"As in version {version}", was=article.visibility)
    return article


async def remove(work: Work, article_id: UUID) -> None:
    """With its revisions and votes, and with its files, which a timer takes away."""
    article = await find(work, article_id, lock=True)
    mine = (Attachment.account_id == work.account_id) & (Attachment.article_id == article_id)
    for attachment_id in await work.session.scalars(select(Attachment.id).where(mine)):
        await work.schedule(FILES_GONE, key=str(attachment_id), due_at=work.now)
    await work.cancel(PUBLISH, key=str(article_id))
    await work.session.execute(delete(Article).where(Article.id == article_id, Article.account_id == work.account_id))
    if article.visibility == "public":
        work.emit(ArticleWithdrawn(article_id=article_id), subject=article_id, version=article.version + 1)
        await work.schedule(LEARN, key=str(work.account_id), due_at=work.now + LEARNS_AFTER)


async def publish_due(work: Work, timer: Timer) -> None:
    """Its time has come; somebody may have changed their mind since."""
    article = await work.session.get(Article, UUID(timer.key), with_for_update=True)
    if article is None or article.publish_at is None or article.publish_at > work.now:
        return
    was, article.visibility, article.publish_at = article.visibility, "public", None
    _stamp(work, article)
    await _keep(work, article, "Published as scheduled", was=was)


async def delete_file(work: Work, timer: Timer) -> None:
    """Tried until it is gone; the row went before."""
    await file_store(work.settings).delete(file_key(work.account_id, UUID(timer.key)))


async def find(work: Work, article_id: UUID, *, lock: bool = False) -> Article:
    """Raises `NoSuchArticle`."""
    statement = listed(work).where(Article.id == article_id)
    article: Article | None = await work.session.scalar(statement.with_for_update() if lock else statement)
    if article is None:
        raise NoSuchArticle
    return article


def listed(work: Work) -> Select[Any]:
    return select(Article).where(Article.account_id == work.account_id)


def revisions_of(work: Work, article_id: UUID) -> Select[Any]:
    return select(Revision).where(Revision.account_id == work.account_id, Revision.article_id == article_id)


async def translations_of(work: Work, *article_ids: UUID) -> dict[str, Translation]:
    """Of one article, by language."""
    return (await all_translations(work, article_ids)).get(article_ids[0], {})


async def all_translations(work: Work, article_ids: Any) -> dict[UUID, dict[str, Translation]]:
    mine = (Translation.account_id == work.account_id) & Translation.article_id.in_(list(article_ids))
    found: dict[UUID, dict[str, Translation]] = {}
    for one in await work.session.scalars(select(Translation).where(mine).order_by(Translation.locale)):
        found.setdefault(one.article_id, {})[one.locale] = one
    return found


async def _write(work: Work, article: Article, locale: str, translation: TranslationIn | None) -> None:
    if translation is None:
        mine = (Translation.article_id == article.id) & (Translation.locale == locale)
        await work.session.execute(delete(Translation).where(mine))
        return
    row = await work.session.get(Translation, (article.id, locale))
    if row is None:
        row = Translation(article_id=article.id, locale=locale, account_id=work.account_id)
        work.session.add(row)
        row.search = func.to_tsvector("simple", "")
    row.title, row.summary, row.body = translation.title, translation.summary, translation.body
    row.questions, row.words, row.updated_at = translation.questions, as_words(translation.body), work.now
    await work.session.flush()
    place = {"account_id": work.account_id, "article_id": article.id, "locale": locale}
    await work.session.execute(_INDEX, {"configuration": configuration_of(locale), **place})
    await learn(work, locale, " ".join((row.title, row.summary, *row.questions, row.words)))


async def _keep(work: Work, article: Article, note: str | None, *, was: Visibility) -> None:
    """The revision, and what others are told."""
    await work.session.flush()
    translations = await translations_of(work, article.id)
    content = Content(
        category_id=article.category_id,
        visibility=article.visibility,
        translations={locale: _as_written(one) for locale, one in translations.items()},
    )
    revision = Revision(
        account_id=work.account_id,
        article_id=article.id,
        version=article.version,
        at=work.now,
        actor=str(work.actor),
        note=note,
        content=content.model_dump(mode="json"),
    )
    work.session.add(revision)
    if article.visibility == "public":
        article.published_at = article.published_at or work.now
        titles = {locale: one.title for locale, one in translations.items()}
        published = ArticlePublished(article_id=article.id, titles=titles, first=was != "public")
        work.emit(published, subject=article.id, version=article.version)
    elif was == "public":
        work.emit(ArticleWithdrawn(article_id=article.id), subject=article.id, version=article.version)
    if "public" in (was, article.visibility):
        await work.schedule(LEARN, key=str(work.account_id), due_at=work.now + LEARNS_AFTER)
    await work.session.flush()


def _as_written(one: Translation) -> TranslationIn:
    return TranslationIn(title=one.title, summary=one.summary, body=one.body, questions=one.questions)


def _stamp(work: Work, article: Article) -> None:
    article.version += 1
    article.updated_at, article.updated_by = work.now, str(work.actor)


async def _schedule(work: Work, article: Article, at: datetime | None) -> None:
    article.publish_at = at
    if at is None:
        await work.cancel(PUBLISH, key=str(article.id))
    else:
        await work.schedule(PUBLISH, key=str(article.id), due_at=at)


def _check_time(work: Work, at: datetime | None) -> None:
    if at is not None and at <= work.now:
        detail = "This time has passed. Leave it out and make the article public instead."
        raise Unacceptable.field("/publish_at", "past", detail)


async def _check_category(work: Work, category_id: UUID | None) -> None:
    if category_id is None:
        return
    mine = (Category.account_id == work.account_id) & (Category.id == category_id)
    if await work.session.scalar(select(Category.id).where(mine)) is None:
        raise Unacceptable.field("/category_id", "unknown_category", "There is no such category.")


def title_in(names: Mapping[str, str], locale: str) -> str:
    """In this language, or in the first there is."""
    return names.get(locale) or next(iter(names.values()))

"""What a help page shows: the account's public articles in one language, on their shelves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.tickets.accounts.models import Account
from services.tickets.articles.addresses import article_url, site_url
from services.tickets.articles.models import Article, Category, Translation
from services.tickets.articles.service import title_in
from services.tickets.help.models import HelpCentre
from services.tickets.help.schemas import HelpCentreIn
from shared.http.errors import NotFound
from shared.work import Work

MOST_NEWS: Final = 50


class NoSuchPage(NotFound):
    """There is no such page."""


@dataclass(frozen=True, slots=True)
class Site:
    """`locales`: the languages that there is something to read in, the account's own first."""

    account_id: UUID
    url: str
    business: str
    locales: Sequence[str]
    looks: Any


@dataclass(frozen=True, slots=True)
class Entry:
    title: str
    summary: str
    url: str


@dataclass(frozen=True, slots=True)
class Shelf:
    """`name` is None for what stands on no shelf."""

    name: str | None
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class News:
    """An article in a feed; times in ISO 8601."""

    article_id: UUID
    title: str
    summary: str
    url: str
    updated: str
    published: str | None


async def open_site(work: Work) -> Site:
    """Raises `NoSuchPage` where there is no such account, or it does not want to be read."""
    account = await work.session.get(Account, work.account_id)
    centre = await work.session.get(HelpCentre, work.account_id)
    if account is None or (centre is not None and not centre.is_open):
        raise NoSuchPage
    written = select(Translation.locale).join(Article, Article.id == Translation.article_id)
    mine = (Translation.account_id == work.account_id) & (Article.visibility == "public")
    locales = set(await work.session.scalars(written.where(mine).distinct())) or {account.locale}
    return Site(
        account_id=work.account_id,
        url=site_url(work.settings, work.account_id),
        business=account.name,
        locales=sorted(locales, key=lambda locale: (locale != account.locale, locale)),
        looks=centre or HelpCentreIn(),
    )


async def shelves(work: Work, locale: str) -> list[Shelf]:
    """What there is to read, the shelves in their order, what is on none at the end."""
    statement = (
        select(Article, Translation)
        .join(Translation, Translation.article_id == Article.id)
        .where(Article.account_id == work.account_id, Article.visibility == "public", Translation.locale == locale)
        .order_by(Translation.title, Article.id)
    )
    by_category: dict[UUID | None, list[Entry]] = {}
    for article, translation in await work.session.execute(statement):
        address = article_url(work.settings, work.account_id, locale, article.id, translation.title)
        entry = Entry(translation.title, translation.summary, address)
        by_category.setdefault(article.category_id, []).append(entry)
    mine = select(Category).where(Category.account_id == work.account_id)
    categories = list(await work.session.scalars(mine.order_by(Category.position, Category.id)))
    found = [
        Shelf(title_in(category.names, locale), by_category[category.id])
        for category in categories
        if category.id in by_category
    ]
    return [*found, *([Shelf(None, by_category[None])] if None in by_category else [])]


async def news(work: Work, locale: str) -> list[News]:
    """What was written or changed last, the newest first."""
    public = (Article.account_id == work.account_id) & (Article.visibility == "public")
    # One that was written long ago and is public since yesterday is news.
    changed = func.greatest(Translation.updated_at, Article.published_at)
    statement = (
        select(Article, Translation, changed)
        .join(Translation, Translation.article_id == Article.id)
        .where(public, Translation.locale == locale)
        .order_by(changed.desc(), Article.id.desc())
        .limit(MOST_NEWS)
    )
    return [
        News(
            article_id=article.id,
            title=translation.title,
            summary=translation.summary,
            url=article_url(work.settings, work.account_id, locale, article.id, translation.title),
            updated=updated.isoformat(),
            published=article.published_at.isoformat() if article.published_at is not None else None,
        )
        for article, translation, updated in await work.session.execute(statement)
    ]


async def public_article(work: Work, article_id: UUID | None) -> tuple[Article, Mapping[str, Translation]]:
    """With all its languages. Raises `NoSuchPage`."""
    public = (Article.account_id == work.account_id) & (Article.visibility == "public")
    article = await work.session.scalar(select(Article).where(public, Article.id == article_id))
    if article is None:
        raise NoSuchPage
    mine = (Translation.account_id == work.account_id) & (Translation.article_id == article.id)
    return article, {one.locale: one for one in await work.session.scalars(select(Translation).where(mine))}


async def every_article(work: Work) -> list[tuple[Article, dict[str, Translation]]]:
    """All that is public, for the map of the site."""
    statement = (
        select(Article, Translation)
        .join(Translation, Translation.article_id == Article.id)
        .where(Article.account_id == work.account_id, Article.visibility == "public")
        .order_by(Article.id, Translation.locale)
    )
    found: dict[UUID, tuple[Article, dict[str, Translation]]] = {}
    for article, translation in await work.session.execute(statement):
        found.setdefault(article.id, (article, {}))[1][translation.locale] = translation
    return list(found.values())

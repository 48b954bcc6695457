"""`/v1/articles`: the knowledge base, as those who write it see it."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from sqlalchemy import select

from services.tickets.articles import service as articles
from services.tickets.articles import votes
from services.tickets.articles.addresses import article_url
from services.tickets.articles.models import Article, Miss, Revision, Translation, Visibility, Vote
from services.tickets.articles.schemas import (
    ArticleOut,
    ArticlePatch,
    CommentOut,
    Locale,
    MissOut,
    NewArticle,
    NewVote,
    Restoring,
    RevisionOut,
    TranslationOut,
    VotesOut,
)
from services.tickets.auth import TicketsRead, TicketsWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/articles", tags=["articles"])


@router.post("", status_code=201)
async def create_article(body: NewArticle, work: TicketsWrite, response: Response) -> ArticleOut:
    """Write an article, in one language or several. It is a draft unless you say otherwise."""
    return await _answer(work, await articles.create(work, body), response)


@router.get("")
async def list_articles(
    work: TicketsRead,
    page: PageQuery,
    visibility: Visibility | None = None,
    category_id: UUID | None = None,
    locale: Annotated[Locale | None, Query(description="Only what is written in this language.")] = None,
) -> Page[ArticleOut]:
    """Those changed last come first."""
    statement = articles.listed(work)
    if visibility is not None:
        statement = statement.where(Article.visibility == visibility)
    if category_id is not None:
        statement = statement.where(Article.category_id == category_id)
    if locale is not None:
        written = (Translation.article_id == Article.id) & (Translation.locale == locale)
        statement = statement.where(select(Translation.locale).where(written).exists())
    found = await paginate(work.session, statement, page, keys=(Article.updated_at.desc(), Article.id.desc()))
    translations = await articles.all_translations(work, [article.id for article in found.data])
    return found.map(lambda article: out_of(work, article, translations.get(article.id, {})))


@router.get("/misses")
async def list_misses(work: TicketsRead, page: PageQuery) -> Page[MissOut]:
    """What was searched for and not found, the most often first: what to write next."""
    mine: Page[Miss] = await paginate(
        work.session,
        select(Miss).where(Miss.account_id == work.account_id),
        page,
        keys=(Miss.searches.desc(), Miss.query.desc(), Miss.locale.desc()),
    )
    return mine.map(MissOut.model_validate)


@router.get("/{article_id}")
async def read_article(article_id: UUID, work: TicketsRead, response: Response) -> ArticleOut:
    """One article in all its languages, with the `ETag` that a change may carry as `If-Match`."""
    return await _answer(work, await articles.find(work, article_id), response)


@router.patch("/{article_id}")
async def edit_article(
    article_id: UUID, body: ArticlePatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> ArticleOut:
    """Change what is sent; what it was before stays among its revisions."""
    return await _answer(work, await articles.edit(work, article_id, body, expected), response)


@router.delete("/{article_id}", status_code=204)
async def delete_article(article_id: UUID, work: TicketsWrite) -> None:
    """For good, with its revisions, votes and files. To hide it only, make it a draft."""
    await articles.remove(work, article_id)


@router.get("/{article_id}/revisions")
async def list_revisions(article_id: UUID, work: TicketsRead, page: PageQuery) -> Page[RevisionOut]:
    """Newest first."""
    await articles.find(work, article_id)
    found: Page[Revision] = await paginate(
        work.session, articles.revisions_of(work, article_id), page, keys=(Revision.version.desc(),)
    )
    return found.map(RevisionOut.model_validate)


@router.post("/{article_id}/revisions/{version}/restore")
async def restore_revision(
    article_id: UUID,
    version: int,
    work: TicketsWrite,
    expected: IfMatch,
    response: Response,
    body: Restoring | None = None,
) -> ArticleOut:
    """Texts and category as they were then, as a new version. Who may see it does not change."""
    note = body.note if body else None
    return await _answer(work, await articles.restore(work, article_id, version, note, expected), response)


@router.post("/{article_id}/vote")
async def vote_on_article(article_id: UUID, body: NewVote, work: TicketsWrite) -> VotesOut:
    """Whether it helped. The same visitor's next vote replaces the one before."""
    article = await articles.find(work, article_id, lock=True)
    await votes.vote(work, article, body.visitor, helpful=body.helpful, comment=body.comment)
    return VotesOut(article_id=article.id, helpful=article.helpful, unhelpful=article.unhelpful)


@router.get("/{article_id}/comments")
async def list_comments(article_id: UUID, work: TicketsRead, page: PageQuery) -> Page[CommentOut]:
    """What readers wrote with their votes, newest first."""
    article = await articles.find(work, article_id)
    found: Page[Vote] = await paginate(
        work.session, votes.comments_on(work, article), page, keys=(Vote.at.desc(), Vote.visitor.desc())
    )
    return found.map(CommentOut.model_validate)


async def _answer(work: Work, article: Article, response: Response) -> ArticleOut:
    set_etag(response, article.version)
    return out_of(work, article, await articles.translations_of(work, article.id))


def out_of(work: Work, article: Article, translations: dict[str, Translation]) -> ArticleOut:
    is_public = article.visibility == "public"
    shown = {
        "translations": {locale: TranslationOut.model_validate(one) for locale, one in translations.items()},
        "url": {
            locale: article_url(work.settings, work.account_id, locale, article.id, one.title)
            for locale, one in translations.items()
            if is_public
        },
    }
    own = ArticleOut.model_fields.keys() - shown.keys()
    return ArticleOut.model_validate({name: getattr(article, name) for name in own} | shown)

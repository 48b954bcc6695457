"""Did this help? One vote for each visitor, who may change it."""

import hmac
from typing import Any

from sqlalchemy import Select, func, select, update
from sqlalchemy.dialects.postgresql import insert

from services.tickets.articles.models import Article, Vote
from shared.settings import ServiceSettings
from shared.work import Work

_PURPOSE = "articles.visitor"
_BYTES = 16


async def vote(work: Work, article: Article, visitor: str, *, helpful: bool, comment: str | None) -> None:
    """The visitor's latest opinion counts, and once. The article is locked."""
    said = {"helpful": helpful, "comment": comment, "at": work.now}
    values = {"account_id": work.account_id, "article_id": article.id, "visitor": _hash(work, visitor), **said}
    statement = insert(Vote).values(values)
    await work.session.execute(statement.on_conflict_do_update(index_elements=["article_id", "visitor"], set_=said))
    mine = (Vote.account_id == work.account_id) & (Vote.article_id == article.id)
    counts = {
        "helpful": select(func.count()).where(mine, Vote.helpful).scalar_subquery(),
        "unhelpful": select(func.count()).where(mine, ~Vote.helpful).scalar_subquery(),
    }
    await work.session.execute(update(Article).where(Article.id == article.id).values(counts))
    await work.session.refresh(article, ["helpful", "unhelpful"])


def comments_on(work: Work, article: Article) -> Select[Any]:
    mine = (Vote.account_id == work.account_id) & (Vote.article_id == article.id)
    return select(Vote).where(mine, Vote.comment.is_not(None))


def _hash(work: Work, visitor: str) -> bytes:
    settings: ServiceSettings = work.settings
    return hmac.digest(settings.derived_key(_PURPOSE), work.account_id.bytes + visitor.encode(), "sha256")[:_BYTES]

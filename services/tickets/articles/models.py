"""Articles of the knowledge base, in several languages, with what they were before and what readers thought of them."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, ForeignKey, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from services.tickets.db import Base
from shared.db.base import AccountOwned, Identified

Visibility = Literal["draft", "internal", "public"]
SearchOrigin = Literal["staff", "page", "assistant"]


class Category(AccountOwned, Identified, Base):
    """`names`: by language."""

    __tablename__ = "article_categories"
    __table_args__ = (Index("ix_article_categories_account_id_position", "account_id", "position", "id"),)

    version: Mapped[int]
    names: Mapped[dict[str, str]] = mapped_column(JSONB)
    position: Mapped[int]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Article(AccountOwned, Identified, Base):
    """`version` counts its revisions. `publish_at`: when a draft becomes public by itself."""

    __tablename__ = "articles"
    __table_args__ = (
        CheckConstraint("visibility in ('draft', 'internal', 'public')", name="visibility"),
        Index("ix_articles_account_id_updated_at", "account_id", "updated_at", "id"),
        Index("ix_articles_account_id_category_id", "account_id", "category_id",
              postgresql_where=text("category_id is not null")),
    )  # fmt: skip

    version: Mapped[int]
    category_id: Mapped[UUID | None] = mapped_column(ForeignKey(Category.id))
    visibility: Mapped[Visibility] = mapped_column(Text)
    publish_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str] = mapped_column(Text)
    helpful: Mapped[int]
    unhelpful: Mapped[int]


class Translation(AccountOwned, Base):
    """An article in one language. `body` is Markdown, `words` what is to be read in it; `questions`: how customers ask
    for it. `search` has no index: under row-level security PostgreSQL would not use it."""

    __tablename__ = "article_translations"
    __table_args__ = (Index("ix_article_translations_account_id_locale", "account_id", "locale"),)

    account_id: Mapped[UUID]
    article_id: Mapped[UUID] = mapped_column(ForeignKey(Article.id, ondelete="CASCADE"), primary_key=True)
    locale: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    questions: Mapped[list[str]] = mapped_column(ARRAY(Text))
    words: Mapped[str] = mapped_column(Text)
    search: Mapped[Any] = mapped_column(TSVECTOR)
    updated_at: Mapped[datetime]


class Revision(AccountOwned, Base):
    """What an article was at one version; `content` as `schemas.Content` has it."""

    __tablename__ = "article_revisions"

    account_id: Mapped[UUID]
    article_id: Mapped[UUID] = mapped_column(ForeignKey(Article.id, ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    content: Mapped[dict[str, Any]] = mapped_column(JSONB)


class Vote(AccountOwned, Base):
    """One for each visitor, the latest. `visitor` is a hash: it tells visitors apart, and nothing of them."""

    __tablename__ = "article_votes"

    account_id: Mapped[UUID]
    article_id: Mapped[UUID] = mapped_column(ForeignKey(Article.id, ondelete="CASCADE"), primary_key=True)
    visitor: Mapped[bytes] = mapped_column(primary_key=True)
    helpful: Mapped[bool]
    comment: Mapped[str | None] = mapped_column(Text)
    at: Mapped[datetime]


class Attachment(AccountOwned, Identified, Base):
    """A file that goes with an article. `size` in bytes."""

    __tablename__ = "article_attachments"
    __table_args__ = (Index("ix_article_attachments_account_id_article_id", "account_id", "article_id", "id"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey(Article.id, ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    size: Mapped[int]
    created_at: Mapped[datetime]


class Word(AccountOwned, Base):
    """A word that articles have, with its trigrams, so that one like it is found. Articles may have lost it since."""

    __tablename__ = "article_words"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(Text, primary_key=True)
    word: Mapped[str] = mapped_column(Text, primary_key=True)
    grams: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Synonyms(AccountOwned, Base):
    """`groups`: words and phrases that mean the same to whoever searches."""

    __tablename__ = "article_synonyms"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    groups: Mapped[list[list[str]]] = mapped_column(JSONB)
    updated_at: Mapped[datetime]


class Miss(AccountOwned, Base):
    """A search that found nothing."""

    __tablename__ = "article_misses"
    __table_args__ = (Index("ix_article_misses_account_id_searches", "account_id", "searches", "query"),)

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(Text, primary_key=True)
    query: Mapped[str] = mapped_column(Text, primary_key=True)
    origin: Mapped[SearchOrigin] = mapped_column(Text)
    searches: Mapped[int]
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]

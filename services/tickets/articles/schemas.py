"""Bodies of `/v1/articles` and `/v1/article-categories`."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from services.tickets.articles.models import SearchOrigin, Visibility
from shared.http.schemas import Model, Moment, Name, ShortText, one_line

MOST_LANGUAGES = 50
MOST_QUESTIONS = 200
LONGEST_BODY = 100_000

Locale = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


def _said(value: str) -> str:
    value = one_line(value)
    if not value:
        raise ValueError("must not be empty")
    return value


Question = Annotated[str, Field(max_length=300), AfterValidator(_said)]
Names = Annotated[dict[Locale, Name], Field(min_length=1, max_length=MOST_LANGUAGES)]


class NewCategory(Model):
    """`names` by language, such as `{"en": "Returns", "de": "Rückgabe"}`; low positions come first."""

    names: Names
    position: Annotated[int, Field(ge=0, le=100_000)] = 0


class CategoryPatch(Model):
    names: Names | None = None
    position: Annotated[int | None, Field(ge=0, le=100_000)] = None


class CategoryOut(Model):
    id: UUID
    version: int
    names: dict[str, str]
    position: int
    created_at: datetime
    updated_at: datetime


class TranslationIn(Model):
    """`body` is Markdown. `questions` are how customers ask for it, one a line: the assistant learns from them."""

    title: Name
    summary: ShortText = ""
    body: Annotated[str, Field(max_length=LONGEST_BODY)]
    questions: Annotated[list[Question], Field(max_length=MOST_QUESTIONS)] = Field(default_factory=list)


class Content(Model):
    """What a revision keeps, and what restoring it brings back."""

    category_id: UUID | None
    visibility: Visibility
    translations: dict[Locale, TranslationIn]


class NewArticle(Model):
    """`publish_at`: a draft or an internal article becomes public then, by itself."""

    category_id: UUID | None = None
    visibility: Visibility = "draft"
    publish_at: Moment | None = None
    translations: Annotated[dict[Locale, TranslationIn], Field(min_length=1, max_length=MOST_LANGUAGES)]

    @model_validator(mode="after")
    def check_schedule(self) -> Self:
        if self.publish_at is not None and self.visibility == "public":
            raise ValueError("a public article needs no `publish_at`; leave one of the two out")
        return self


class ArticlePatch(Model):
    """What is sent changes. A translation replaces that of its language, and null takes it away."""

    category_id: UUID | None = None
    visibility: Visibility | None = None
    publish_at: Moment | None = None
    translations: Annotated[dict[Locale, TranslationIn | None], Field(max_length=MOST_LANGUAGES)] = Field(
        default_factory=dict
    )
    note: ShortText | None = Field(None, description="Why, for whoever reads the revisions.")


class TranslationOut(Model):
    title: str
    summary: str
    body: str
    questions: list[str]
    updated_at: datetime


class ArticleOut(Model):
    """`url` is where customers read it, by language; empty unless it is public."""

    id: UUID
    version: int
    category_id: UUID | None
    visibility: Visibility
    publish_at: datetime | None
    published_at: datetime | None
    translations: dict[str, TranslationOut]
    url: dict[str, str]
    helpful: int
    unhelpful: int
    created_at: datetime
    updated_at: datetime
    updated_by: str


class RevisionOut(Model):
    version: int
    at: datetime
    actor: str
    note: str | None
    content: dict[str, Any]


class Restoring(Model):
    note: ShortText | None = None


class NewVote(Model):
    """`visitor` is whatever tells your visitors apart, such as a session's id; only a hash of it is kept."""

    helpful: bool
    visitor: Annotated[str, Field(min_length=1, max_length=200)]
    comment: ShortText | None = None


class VotesOut(Model):
    article_id: UUID
    helpful: int
    unhelpful: int


class CommentOut(Model):
    """What a reader wrote with a vote."""

    helpful: bool
    comment: str | None
    at: datetime


class AttachmentOut(Model):
    id: UUID
    article_id: UUID
    name: str
    media_type: str
    size: int
    created_at: datetime


class Hit(Model):
    """`covered` is the share of the words searched for that the article has. `url` is null unless it is public."""

    article_id: UUID
    locale: str
    title: str
    summary: str
    excerpt: str
    visibility: Visibility
    category_id: UUID | None
    covered: float
    url: str | None


class Found(Model):
    """Best first. `understood_as`: words that no article has, and those that were looked for instead."""

    data: list[Hit]
    understood_as: dict[str, list[str]]


class SynonymsIn(Model):
    """Each group is of words or phrases that mean the same, in whatever languages."""

    groups: Annotated[list[Annotated[list[Name], Field(min_length=2, max_length=20)]], Field(max_length=1_000)]


class SynonymsOut(Model):
    version: int
    groups: list[list[str]]


class MissOut(Model):
    """`origin`: where it was last searched for."""

    query: str
    locale: str
    origin: SearchOrigin
    searches: int
    first_at: datetime
    last_at: datetime

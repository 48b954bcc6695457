"""`/v1/article-categories`: the shelves of the knowledge base."""

from uuid import UUID

from fastapi import Response
from sqlalchemy import delete, select, update

from services.tickets.articles.models import Article, Category
from services.tickets.articles.schemas import CategoryOut, CategoryPatch, NewCategory
from services.tickets.auth import TicketsRead, TicketsWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, check_match, set_etag
from shared.http.errors import NotFound
from shared.http.routing import APIRouter
from shared.ids import new_id
from shared.work import Work

router = APIRouter(prefix="/v1/article-categories", tags=["articles"])


class NoSuchCategory(NotFound):
    """There is no such category."""


@router.post("", status_code=201)
async def create_category(body: NewCategory, work: TicketsWrite, response: Response) -> CategoryOut:
    """A category, called differently in each language."""
    stamps = {"version": 1, "created_at": work.now, "updated_at": work.now}
    category = Category(id=new_id(), account_id=work.account_id, names=body.names, position=body.position, **stamps)
    work.session.add(category)
    await work.session.flush()
    set_etag(response, category.version)
    return CategoryOut.model_validate(category)


@router.get("")
async def list_categories(work: TicketsRead, page: PageQuery) -> Page[CategoryOut]:
    """In their order."""
    statement = select(Category).where(Category.account_id == work.account_id)
    found = await paginate(work.session, statement, page, keys=(Category.position.asc(), Category.id.asc()))
    return found.map(CategoryOut.model_validate)


@router.get("/{category_id}")
async def read_category(category_id: UUID, work: TicketsRead, response: Response) -> CategoryOut:
    """One category, with the `ETag` that a change may carry as `If-Match`."""
    category = await _find(work, category_id)
    set_etag(response, category.version)
    return CategoryOut.model_validate(category)


@router.patch("/{category_id}")
async def edit_category(
    category_id: UUID, body: CategoryPatch, work: TicketsWrite, expected: IfMatch, response: Response
) -> CategoryOut:
    """Change what is sent."""
    category = await _find(work, category_id)
    check_match(expected, category.version)
    category.names = body.names or category.names
    category.position = category.position if body.position is None else body.position
    category.version += 1
    category.updated_at = work.now
    await work.session.flush()
    set_etag(response, category.version)
    return CategoryOut.model_validate(category)


@router.delete("/{category_id}", status_code=204)
async def delete_category(category_id: UUID, work: TicketsWrite) -> None:
    """Its articles stay, without a category."""
    await _find(work, category_id)
    mine = (Article.account_id == work.account_id) & (Article.category_id == category_id)
    await work.session.execute(update(Article).where(mine).values(category_id=None))
    await work.session.execute(delete(Category).where(Category.id == category_id))


async def _find(work: Work, category_id: UUID) -> Category:
    mine = (Category.account_id == work.account_id) & (Category.id == category_id)
    category: Category | None = await work.session.scalar(select(Category).where(mine).with_for_update())
    if category is None:
        raise NoSuchCategory
    return category

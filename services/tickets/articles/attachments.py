"""`/v1/articles/{id}/attachments`: files that go with an article. They are given out to be saved."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import Select, func, select

from services.tickets.articles import service as articles
from services.tickets.articles.models import Attachment
from services.tickets.articles.schemas import AttachmentOut
from services.tickets.auth import TicketsRead, TicketsWrite
from shared.attachments import BYTES, plain_name, type_of
from shared.db.pagination import Page
from shared.files import FileMissing, file_key, file_store
from shared.http.downloads import download
from shared.http.errors import NotFound, TooLarge, TooMany, Unacceptable
from shared.http.routing import APIRouter
from shared.ids import new_id
from shared.work import Work

router = APIRouter(prefix="/v1/articles/{article_id}/attachments", tags=["articles"])

LARGEST: Final = 20 * 1_048_576
MOST: Final = 20
_BYTES = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


class NoSuchAttachment(NotFound):
    """There is no such attachment."""


@router.post("", status_code=201, openapi_extra=_BYTES)
async def attach_file(
    article_id: UUID,
    request: Request,
    work: TicketsWrite,
    name: Annotated[str, Query(max_length=1_000, description="What the file is called.")] = "file",
) -> AttachmentOut:
    """Hand in a file of at most 20 MB, as the body; readers of the article can save it."""
    article, content = await articles.find(work, article_id, lock=True), await request.body()
    if not content:
        raise Unacceptable.field("/", "empty", "The body is the file, and it is empty.")
    if len(content) > LARGEST:
        raise TooLarge(f"At most {LARGEST // 1_048_576} MB are accepted here.")
    counted = select(func.count()).where(Attachment.account_id == work.account_id, Attachment.article_id == article.id)
    if (await work.session.scalar(counted) or 0) >= MOST:
        raise TooMany(f"An article has at most {MOST} attachments. Remove one first.", retry_after=60)
    plain = plain_name(name)
    attachment = Attachment(
        id=new_id(),
        account_id=work.account_id,
        article_id=article.id,
        name=plain,
        media_type=type_of(content, plain),
        size=len(content),
        created_at=work.now,
    )
    work.session.add(attachment)
    # The bytes first: a row never names a file that is not there.
    await file_store(work.settings).put(file_key(work.account_id, attachment.id), content)
    return AttachmentOut.model_validate(attachment)


@router.get("")
async def list_attachments(article_id: UUID, work: TicketsRead) -> Page[AttachmentOut]:
    """Oldest first; all of them, for there are few."""
    await articles.find(work, article_id)
    found = await work.session.scalars(attached_to(work, article_id))
    return Page(data=[AttachmentOut.model_validate(one) for one in found], next_cursor=None)


@router.get("/{article_file_id}/content", response_class=Response)
async def get_attachment(article_id: UUID, article_file_id: UUID, work: TicketsRead) -> Response:
    """The file itself, to be saved."""
    return await content_of(work, article_id, article_file_id)


@router.delete("/{article_file_id}", status_code=204)
async def remove_attachment(article_id: UUID, article_file_id: UUID, work: TicketsWrite) -> None:
    """The row goes now, the file right after."""
    await work.session.delete(await _find(work, article_id, article_file_id))
    await work.schedule(articles.FILES_GONE, key=str(article_file_id), due_at=work.now)


def attached_to(work: Work, article_id: UUID) -> Select[Any]:
    mine = (Attachment.account_id == work.account_id) & (Attachment.article_id == article_id)
    return select(Attachment).where(mine).order_by(Attachment.id)


async def content_of(work: Work, article_id: UUID, attachment_id: UUID) -> Response:
    """Whatever it is, a browser saves it and shows none of it (RFC 6266). Raises `NoSuchAttachment`."""
    attachment = await _find(work, article_id, attachment_id)
    try:
        content = await file_store(work.settings).get(file_key(work.account_id, attachment.id))
    except FileMissing:
        raise NoSuchAttachment from None
    return download(content, name=attachment.name, media_type=BYTES)


async def _find(work: Work, article_id: UUID, attachment_id: UUID) -> Attachment:
    found = await work.session.scalar(attached_to(work, article_id).where(Attachment.id == attachment_id))
    if found is None:
        raise NoSuchAttachment
    attachment: Attachment = found
    return attachment

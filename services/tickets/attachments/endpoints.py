"""`/v1/tickets/{id}/attachments`: files for messages. They are given out to be saved, never to be shown in a page."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response

from services.tickets.attachments import service as attachments
from services.tickets.attachments.schemas import AttachmentOut
from services.tickets.auth import TicketsRead, TicketsWrite
from services.tickets.cases.repository import find_ticket
from shared.db.pagination import Page
from shared.http.downloads import download
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/tickets/{ticket_id}/attachments", tags=["tickets"])

_BYTES = {"requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}}


@router.post("", status_code=201, openapi_extra=_BYTES)
async def hand_in_file(
    ticket_id: UUID,
    request: Request,
    work: TicketsWrite,
    name: Annotated[str, Query(max_length=1_000, description="What the file is called.")] = "file",
) -> AttachmentOut:
    """Hand in a file of at most 20 MB, as the body, for a message that names it in `attachment_ids`. One that no
    message names goes after two days."""
    return AttachmentOut.model_validate(await attachments.take(work, ticket_id, name, await request.body()))


@router.get("")
async def list_files(ticket_id: UUID, work: TicketsRead) -> Page[AttachmentOut]:
    """Oldest first, those that wait for a message too."""
    await find_ticket(work, ticket_id)
    found = await attachments.of_ticket(work, ticket_id)
    return Page(data=[AttachmentOut.model_validate(each) for each in found], next_cursor=None)


@router.get("/{ticket_file_id}/content", response_class=Response)
async def get_file(ticket_id: UUID, ticket_file_id: UUID, work: TicketsRead) -> Response:
    """The file itself, to be saved."""
    found = await attachments.find(work, ticket_id, ticket_file_id)
    return download(await attachments.content_of(work, found), name=found.name, media_type=found.media_type)


@router.delete("/{ticket_file_id}", status_code=204)
async def remove_file(ticket_id: UUID, ticket_file_id: UUID, work: TicketsWrite) -> None:
    """Only one that no message names."""
    await attachments.remove(work, ticket_id, ticket_file_id)

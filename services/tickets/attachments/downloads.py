"""`/files/{token}`: where customers save what came with an answer. No account; the link is the credential."""

from fastapi import Request, Response

from services.tickets.attachments import service as attachments
from services.tickets.attachments.links import read_token
from services.tickets.attachments.service import NoSuchAttachment
from services.tickets.confirmations.endpoints import CUSTOMER, private, unknown_link
from shared.http.dependencies import public_work, runtime_of
from shared.http.downloads import download
from shared.http.routing import APIRouter

router = APIRouter(tags=["tickets"])


@router.get("/files/{token}", include_in_schema=False)
async def give_file(token: str, request: Request) -> Response:
    """The file, to be saved; a page that says so if there is none, or none any more."""
    claim = read_token(runtime_of(request).settings, token)
    if claim is None:
        return unknown_link(request)
    try:
        async with public_work(request, claim.account_id, CUSTOMER) as work:
            found = await attachments.find_for_customer(work, claim.target_id)
            content = await attachments.content_of(work, found)
    except NoSuchAttachment:
        return unknown_link(request)
    return private(download(content, name=found.name, media_type=found.media_type))

"""`/v1/subject-requests`: what people may ask about their data, carried out by all services."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import select

from services.gateway.subject_requests import receipts
from services.gateway.subject_requests import service as requests
from services.gateway.subject_requests.auth import SubjectsRead, SubjectsWrite
from services.gateway.subject_requests.bundle import Damaged, bundle
from services.gateway.subject_requests.models import SubjectRequest, SubjectRequestPart
from services.gateway.subject_requests.schemas import (
    NewSubjectRequest,
    PartOut,
    PublicKeys,
    ReceiptOut,
    SubjectRequestOut,
)
from services.gateway.upstreams import UpstreamSilent, upstreams_of
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import RuntimeDep
from shared.http.errors import Conflict, Gone, Unavailable
from shared.http.routing import APIRouter
from shared.work import Work

router = APIRouter(prefix="/v1/subject-requests", tags=["subject-requests"])


class NotFinished(Conflict):
    """The services have not finished with this request; `waiting_for` of the request says who."""

    code = "not_finished"


class NothingToFetch(Gone):
    """There is no bundle: the request was no export, or it has expired. Ask for a new export."""

    code = "no_bundle"


class ServiceSilent(Unavailable):
    """A service that holds a part of the bundle does not answer at the moment. Try again shortly."""

    code = "service_silent"


@router.post("", status_code=202)
async def create_subject_request(body: NewSubjectRequest, work: SubjectsWrite) -> SubjectRequestOut:
    """Export, erase or restrict all that is held of a customer, in every service, until all have answered."""
    return await _shown(work, await requests.open_request(work, body))


@router.get("")
async def list_subject_requests(
    work: SubjectsRead,
    page: PageQuery,
    customer_id: Annotated[UUID | None, Query(description="About this customer only.")] = None,
) -> Page[SubjectRequestOut]:
    """Newest first."""
    statement = select(SubjectRequest).where(SubjectRequest.account_id == work.account_id)
    if customer_id is not None:
        statement = statement.where(SubjectRequest.customer_id == customer_id)
    found = await paginate(work.session, statement, page, keys=(SubjectRequest.id.desc(),))
    parts = await requests.parts_of(work, *found.data)
    return found.map(lambda request: _out(work, request, [part for part in parts if part.request_id == request.id]))


@router.get("/keys")
async def list_receipt_keys(runtime: RuntimeDep) -> PublicKeys:
    """What receipts are verified with. For everybody: whoever is shown a receipt must be able to check it."""
    return PublicKeys(keys=receipts.public_keys(runtime.settings))


@router.get("/{request_id}")
async def get_subject_request(request_id: UUID, work: SubjectsRead) -> SubjectRequestOut:
    """How far each service has come."""
    return await _shown(work, await requests.find(work, request_id))


@router.get("/{request_id}/receipt")
async def get_receipt(request_id: UUID, work: SubjectsRead) -> ReceiptOut:
    """What every service did, signed."""
    request = await requests.find(work, request_id)
    if request.receipt is None:
        raise NotFinished
    return ReceiptOut(receipt=request.receipt, statement=receipts.read(request.receipt))


@router.get("/{request_id}/bundle", responses={200: {"content": {"application/zip": {}}}}, response_class=Response)
async def get_bundle(request_id: UUID, work: SubjectsRead, request: Request, runtime: RuntimeDep) -> Response:
    """The export as one ZIP, until it expires: JSON lines and CSV for each service."""
    found = await requests.find(work, request_id)
    if found.state == "open":
        raise NotFinished
    if requests.bundle_expires_at(found, work.now) is None:
        raise NothingToFetch
    parts = await requests.parts_of(work, found)
    digests = {part.service: part.digest for part in parts if part.digest is not None}
    headers = {"Authorization": request.headers["authorization"]}
    upstreams = upstreams_of(runtime, request.app)
    try:
        path = f"/internal/subject-requests/{found.id}/lines"
        lines = {name: await upstreams[name].get_bytes(path, headers) for name in digests}
        when, issuer = str(found.requested_at), runtime.settings.public_url
        content = await asyncio.to_thread(bundle, lines, digests, issuer=issuer, when=when)
    except (UpstreamSilent, Damaged, KeyError) as problem:
        raise ServiceSilent(retry_after=5) from problem
    disposition = {"Content-Disposition": f'attachment; filename="export-{found.id}.zip"', "Cache-Control": "no-store"}
    return Response(content, media_type="application/zip", headers=disposition)


async def _shown(work: Work, request: SubjectRequest) -> SubjectRequestOut:
    return _out(work, request, list(await requests.parts_of(work, request)))


def _out(work: Work, request: SubjectRequest, parts: list[SubjectRequestPart]) -> SubjectRequestOut:
    own = {name: getattr(request, name) for name in SubjectRequestOut.model_fields if hasattr(request, name)}
    return SubjectRequestOut(
        **own,
        waiting_for=requests.waiting_for(request, parts),
        bundle_expires_at=requests.bundle_expires_at(request, work.now),
        parts=[PartOut.model_validate(part) for part in parts],
    )

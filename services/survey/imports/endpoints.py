"""`/v1/feedback-imports`: feedback from a file."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import select

from services.survey.feedback.auth import FeedbackRead, FeedbackWrite
from services.survey.imports import service as imports
from services.survey.imports.models import FeedbackImport, FeedbackImportRejection
from services.survey.imports.schemas import Column, ImportDetail, ImportOut, Preview, RejectionOut, Run, Trial
from services.survey.imports.service import SHELF
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import authenticate, public_work
from shared.http.routing import APIRouter
from shared.http.schemas import Name
from shared.http.uploads import table_body, uploaded_table
from shared.imports.reports import download
from shared.work import Work

router = APIRouter(prefix="/v1/feedback-imports", tags=["feedback"])

WRITE = "feedback:write"
_BODY = table_body(WRITE, "id,rating,comment\n7,4,Good boots\n")
Delimiter = Annotated[
    Literal[",", ";", "\t", "|"] | None, Query(description="Found out from the first line, if left out.")
]


@router.post("", status_code=201, openapi_extra=_BODY)
async def upload_feedback_file(
    request: Request,
    name: Annotated[Name | None, Query(description="To know it by, such as the file's name.")] = None,
    delimiter: Delimiter = None,
) -> ImportDetail:
    """Upload a CSV or Excel file with a header line; nothing is imported yet.

    The answer says whose export it seems to be and suggests a mapping. Encodings of CSV: UTF-8, UTF-16 with a
    mark, Windows-1252. Of a workbook the first visible sheet is read. Files are deleted after the import, and after 30
    days at the latest.
    """
    principal = authenticate(request, WRITE)
    async with uploaded_table(request) as table, public_work(request, principal.account_id, principal.actor) as work:
        row = await imports.upload(work, table, name=name, delimiter=delimiter)
        return await _detail(work, row)


@router.get("")
async def list_feedback_imports(work: FeedbackRead, page: PageQuery) -> Page[ImportOut]:
    """The latest first."""
    mine = select(FeedbackImport).where(FeedbackImport.account_id == work.account_id)
    found = await paginate(work.session, mine, page, keys=(FeedbackImport.id.desc(),))
    return found.map(ImportOut.model_validate)


@router.get("/{import_id}")
async def read_feedback_import(import_id: UUID, work: FeedbackRead) -> ImportDetail:
    """How far it is, and how its columns are mapped."""
    return await _detail(work, await SHELF.find(work, import_id))


@router.post("/{import_id}/preview")
async def preview_feedback_import(import_id: UUID, body: Trial, work: FeedbackWrite) -> Preview:
    """What the first 20 lines would become with a mapping; nothing is kept."""
    row = await SHELF.find(work, import_id)
    mapping = body.mapping or imports.mapping_of(row)
    return Preview(mapping=mapping, lines=await imports.preview(work, row, mapping))


@router.post("/{import_id}/run", status_code=202)
async def run_feedback_import(import_id: UUID, body: Run, work: FeedbackWrite) -> ImportDetail:
    """Go through the file in the background. After a dry run, run it again without."""
    return await _detail(work, await imports.run(work, import_id, body))


@router.post("/{import_id}/cancel")
async def cancel_feedback_import(import_id: UUID, work: FeedbackWrite) -> ImportDetail:
    """Stop. What was imported stays, what was not yet is not."""
    return await _detail(work, await imports.cancel(work, import_id))


@router.delete("/{import_id}", status_code=204)
async def delete_feedback_import(import_id: UUID, work: FeedbackWrite) -> None:
    """Delete the file and the report. The feedback stays."""
    await SHELF.remove(work, import_id)


@router.get("/{import_id}/rejections")
async def list_feedback_rejections(import_id: UUID, work: FeedbackRead, page: PageQuery) -> Page[RejectionOut]:
    """Lines that were not taken, in order, and why; the first 10,000."""
    statement = SHELF.rejections_of(work, await SHELF.find(work, import_id))
    found = await paginate(work.session, statement, page, keys=(FeedbackImportRejection.line.asc(),))
    return found.map(RejectionOut.model_validate)


@router.get("/{import_id}/rejections.csv", response_class=Response)
async def download_feedback_rejections(import_id: UUID, work: FeedbackRead) -> Response:
    """The same as a file: correct it and upload it again."""
    row = await SHELF.find(work, import_id)
    rejections = await work.session.scalars(SHELF.rejections_of(work, row).order_by(FeedbackImportRejection.line))
    return download(row, imports.mapping_of(row).columns, rejections)


async def _detail(work: Work, row: FeedbackImport) -> ImportDetail:
    samples = [cells for _, cells in await imports.first_lines(work, row)]
    mapping = imports.mapping_of(row)
    columns = [
        Column(name=name, field=mapping.columns.get(name), samples=_first(samples, place))
        for place, name in enumerate(row.header)
        if name
    ]
    fields = {name: getattr(row, name) for name in ImportOut.model_fields}
    return ImportDetail(**fields, mapping=mapping, columns=columns)


def _first(samples: Sequence[Sequence[str]], place: int) -> list[str]:
    return [cells[place][:100] for cells in samples if place < len(cells) and cells[place].strip()][:3]

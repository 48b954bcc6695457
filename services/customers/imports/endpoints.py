"""`/v1/imports`: customers from a file."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Request, Response
from sqlalchemy import select

from services.customers.imports import service as imports
from services.customers.imports.models import Import, ImportRejection
from services.customers.imports.schemas import Column, ImportDetail, ImportOut, RejectionOut, Run
from services.customers.imports.service import SHELF
from services.customers.records.auth import WRITE, CustomersRead, CustomersWrite
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import authenticate, public_work
from shared.http.routing import APIRouter
from shared.http.schemas import Name
from shared.http.uploads import table_body, uploaded_table
from shared.imports.reports import download
from shared.work import Work

router = APIRouter(prefix="/v1/imports", tags=["imports"])

_BODY = table_body(WRITE, "email,name\nana@example.com,Ana\n")
Delimiter = Annotated[
    Literal[",", ";", "\t", "|"] | None, Query(description="Found out from the first line, if left out.")
]


@router.post("", status_code=201, openapi_extra=_BODY)
async def upload_file(
    request: Request,
    name: Annotated[Name | None, Query(description="To know it by, such as the file's name.")] = None,
    delimiter: Delimiter = None,
) -> ImportDetail:
    """Upload a CSV or Excel file with a header line; nothing is imported yet.

    The answer says how the file was understood, and suggests a mapping of its columns. Encodings of CSV: UTF-8, UTF-16
    with a mark, Windows-1252. Of a workbook the first visible sheet is read. Files are deleted after the import, and
    after 30 days at the latest.
    """
    principal = authenticate(request, WRITE)
    async with uploaded_table(request) as table, public_work(request, principal.account_id, principal.actor) as work:
        row = await imports.upload(work, table, name=name, delimiter=delimiter)
        return await _detail(work, row)


@router.get("")
async def list_imports(work: CustomersRead, page: PageQuery) -> Page[ImportOut]:
    """The latest first."""
    mine = select(Import).where(Import.account_id == work.account_id)
    return (await paginate(work.session, mine, page, keys=(Import.id.desc(),))).map(ImportOut.model_validate)


@router.get("/{import_id}")
async def read_import(import_id: UUID, work: CustomersRead) -> ImportDetail:
    """How far it is, and how its columns are mapped."""
    return await _detail(work, await SHELF.find(work, import_id))


@router.post("/{import_id}/run", status_code=202)
async def run_import(import_id: UUID, body: Run, work: CustomersWrite) -> ImportDetail:
    """Go through the file in the background. After a dry run, run it again without."""
    return await _detail(work, await imports.run(work, import_id, body))


@router.post("/{import_id}/cancel")
async def cancel_import(import_id: UUID, work: CustomersWrite) -> ImportDetail:
    """Stop. What was imported stays, what was not yet is not."""
    return await _detail(work, await imports.cancel(work, import_id))


@router.delete("/{import_id}", status_code=204)
async def delete_import(import_id: UUID, work: CustomersWrite) -> None:
    """Delete the file and the report. The customers stay."""
    await SHELF.remove(work, import_id)


@router.get("/{import_id}/rejections")
async def list_rejections(import_id: UUID, work: CustomersRead, page: PageQuery) -> Page[RejectionOut]:
    """Lines that were not taken, in order, and why; the first 10,000."""
    statement = SHELF.rejections_of(work, await SHELF.find(work, import_id))
    found = await paginate(work.session, statement, page, keys=(ImportRejection.line.asc(),))
    return found.map(RejectionOut.model_validate)


@router.get("/{import_id}/rejections.csv", response_class=Response)
async def download_rejections(import_id: UUID, work: CustomersRead) -> Response:
    """The same as a file: correct it and upload it again."""
    row = await SHELF.find(work, import_id)
    rejections = await work.session.scalars(SHELF.rejections_of(work, row).order_by(ImportRejection.line))
    return download(row, row.mapping, rejections)


async def _detail(work: Work, row: Import) -> ImportDetail:
    samples = await imports.samples_of(work, row)
    columns = [
        Column(name=name, field=row.mapping.get(name), samples=_first([cells[place : place + 1] for cells in samples]))
        for place, name in enumerate(row.header)
        if name
    ]
    fields = {name: getattr(row, name) for name in ImportOut.model_fields}
    return ImportDetail(**fields, columns=columns)


def _first(cells: list[list[str]]) -> list[str]:
    return [cell[0][:100] for cell in cells if cell and cell[0].strip()][:3]

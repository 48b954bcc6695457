"""Importing customers from a file: uploaded once, tried as often as one likes, and then gone through in the background.

A portion of lines is one transaction, progress included. So an import that is interrupted goes on where it was, and no
line is counted twice.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import or_, select

from services.customers.attributes.service import definitions_of
from services.customers.imports import mapping as mappings
from services.customers.imports.models import Import, ImportPortion, ImportRejection
from services.customers.imports.schemas import Run
from services.customers.records import service as customers
from shared.bus.subscriptions import Timer
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.imports import Errors, Rejected, Shelf
from shared.imports.reports import reported
from shared.spreadsheets import Line, Table, layout_of, lines_of
from shared.work import Work

GO_ON = "imports.go_on"
FORGET = "imports.forget"
PORTION = 500
SAMPLES = 20


class ImportNotFound(NotFound):
    """There is no such import here."""

    code = "import_not_found"


class ImportEnded(Conflict):
    """This import is done, or was cancelled; upload the file again."""

    code = "import_ended"


class ImportRunning(Conflict):
    """This import is running."""

    code = "import_running"


class NotRunning(Conflict):
    """This import is not running, so there is nothing to cancel."""

    code = "import_not_running"


SHELF: Final = Shelf(
    imports=Import,
    portions=ImportPortion,
    rejections=ImportRejection,
    counts=("created", "updated"),
    forget_timer=FORGET,
    errors=Errors(not_found=ImportNotFound, ended=ImportEnded, running=ImportRunning, not_running=NotRunning),
)


class _Taken(NamedTuple):
    counted: dict[str, int]
    rejected: Sequence[Rejected]


async def upload(work: Work, table: Table, *, name: str | None, delimiter: str | None) -> Import:
    """Keep the lines of the file, with a mapping suggested. Raises `UnreadableFile`."""
    layout = await asyncio.to_thread(layout_of, table.file, delimiter, table.encoding)
    row = Import(**SHELF.new(work, layout, name), country=None)
    await SHELF.keep(work, row, lines_of(table.file, layout), portion=PORTION)
    source = await _source_of(work, row)
    if source is not None:
        row.mapping, row.country = mappings.renewed(source.mapping, row.header), source.country
    else:
        row.mapping = mappings.suggest(row.header, await samples_of(work, row), await definitions_of(work))
    await work.session.flush()
    return row


async def run(work: Work, import_id: UUID, body: Run) -> Import:
    """Begin, or after a dry run begin again.

    Raises `ImportNotFound`, `ImportRunning`, `ImportEnded`, or `Unacceptable` for a mapping that cannot be.
    """
    row = await SHELF.find_idle(work, import_id)
    wanted = body.mapping if body.mapping is not None else row.mapping
    mappings.check(wanted, row.header)
    row.mapping, row.country = dict(wanted), body.country if "country" in body.model_fields_set else row.country
    await SHELF.begin(work, row, dry_run=body.dry_run)
    await _go_on_soon(work, row.id)
    return row


async def cancel(work: Work, import_id: UUID) -> Import:
    """What was imported stays; the rest is not. Raises `ImportNotFound` or `NotRunning`."""
    row = await SHELF.cancel(work, import_id)
    await work.cancel(GO_ON, key=str(row.id))
    return row


async def go_on(work: Work, timer: Timer) -> None:
    """Timer: take the next portion."""
    row = await SHELF.find_running(work, UUID(timer.payload["import_id"]))
    if row is None:
        return
    lines = await SHELF.portion(work, row, row.next_portion)
    if lines is None:
        # Lines of people who were erased meanwhile are missing in the count.
        await SHELF.end(work, row, "finished")
        return
    async with SHELF.rehearsed(work, row):
        taken = await _take(work, row, lines)
    if await SHELF.advance(work, row, len(lines), taken.counted, taken.rejected):
        await _go_on_soon(work, row.id)


async def samples_of(work: Work, row: Import) -> list[list[str]]:
    """The first lines; none once the import is over."""
    return [cells for _, cells in (await SHELF.portion(work, row, 0) or [])[:SAMPLES]]


async def _source_of(work: Work, row: Import) -> Import | None:
    """The import whose rejected lines were corrected and are in this file: the last that was run with its columns."""
    header = reported(row.header)
    if header is None:
        return None
    alike = select(Import).where(
        Import.account_id == work.account_id,
        or_(Import.header == header, Import.header == row.header),
        Import.started_at.is_not(None),
    )
    found: Import | None = await work.session.scalar(alike.order_by(Import.id.desc()).limit(1))
    return found


async def _take(work: Work, row: Import, lines: Sequence[Line]) -> _Taken:
    definitions = await definitions_of(work)
    items: list[tuple[Line, dict[str, Any]]] = []
    rejected: list[Rejected] = []
    for line in lines:
        try:
            told = mappings.read(line[1], row.header, row.mapping, definitions=definitions, country=row.country)
            items.append((line, told))
        except Unacceptable as problem:
            rejected.append((line, [_problem(each) for each in problem.errors]))
    bodies = [told for _, told in items]
    outcome = await customers.upsert_all(work, bodies, source="import", evidence=f"import {row.id}")
    for (line, _), item in zip(items, outcome.data, strict=True):
        if item.status == "failed":
            rejected.append((line, [error.model_dump() for error in item.errors]))
    counted = {"created": outcome.created, "updated": outcome.updated}
    return _Taken(counted, sorted(rejected, key=lambda each: each[0][0]))


async def _go_on_soon(work: Work, import_id: UUID) -> None:
    await work.schedule(GO_ON, key=str(import_id), due_at=work.now, payload={"import_id": str(import_id)})


def _problem(problem: FieldProblem) -> dict[str, str]:
    return {"pointer": problem.pointer, "code": problem.code, "detail": problem.detail}

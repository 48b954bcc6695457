"""Importing customers from a file: uploaded once, tried as often as one likes, and then gone through in the background.

A portion of lines is one transaction, progress included. So an import that is interrupted goes on where it was, and no
line is counted twice.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Select, delete, insert, or_, select

from services.customers.attributes.service import definitions_of
from services.customers.imports import mapping as mappings
from services.customers.imports.models import Import, ImportPortion, ImportRejection
from services.customers.imports.schemas import Run
from services.customers.records import service as customers
from shared.bus.subscriptions import Timer
from shared.http.errors import Conflict, FieldProblem, NotFound, Unacceptable
from shared.ids import new_id
from shared.spreadsheets import Layout, Line, Table, UnreadableFile, layout_of, lines_of, storable
from shared.work import Work

GO_ON = "imports.go_on"
FORGET = "imports.forget"
PORTION = 500
SAMPLES = 20
# Further ones are counted and not kept: somebody who maps the wrong column finds out from the first.
MOST_REJECTIONS = 10_000
# Files are full of personal data; nobody needs them for longer.
KEPT_FOR = timedelta(days=30)


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


class _Taken(NamedTuple):
    created: int
    updated: int
    rejected: Sequence[tuple[Line, Sequence[dict[str, str]]]]


async def upload(work: Work, table: Table, *, name: str | None, delimiter: str | None) -> Import:
    """Keep the lines of the file, with a mapping suggested. Raises `UnreadableFile`."""
    layout = await asyncio.to_thread(layout_of, table.file, delimiter, table.encoding)
    row = _new(work, layout, name)
    work.session.add(row)
    await work.session.flush()
    lines = lines_of(table.file, layout)
    while portion := await asyncio.to_thread(lambda: [storable(line) for line in islice(lines, PORTION)]):
        values = {"account_id": work.account_id, "import_id": row.id, "number": row.rows // PORTION, "lines": portion}
        await work.session.execute(insert(ImportPortion).values(values))
        row.rows += len(portion)
    if not row.rows:
        raise UnreadableFile("The file has a header and no lines below it.")
    source = await _source_of(work, row)
    if source is not None:
        row.mapping, row.country = mappings.renewed(source.mapping, row.header), source.country
    else:
        row.mapping = mappings.suggest(row.header, await samples_of(work, row), await definitions_of(work))
    await work.session.flush()
    await work.schedule(FORGET, key=str(row.id), due_at=work.now + KEPT_FOR, payload={"import_id": str(row.id)})
    return row


async def run(work: Work, import_id: UUID, body: Run) -> Import:
    """Begin, or after a dry run begin again.

    Raises `ImportNotFound`, `ImportRunning`, `ImportEnded`, or `Unacceptable` for a mapping that cannot be.
    """
    row = await find(work, import_id, for_update=True)
    if row.state == "running":
        raise ImportRunning
    if row.state != "uploaded" and not (row.state == "finished" and row.dry_run):
        raise ImportEnded
    wanted = body.mapping if body.mapping is not None else row.mapping
    mappings.check(wanted, row.header)
    country = body.country if "country" in body.model_fields_set else row.country
    row.mapping, row.country, row.dry_run = dict(wanted), country, body.dry_run
    row.state, row.started_at, row.ended_at = "running", work.now, None
    row.done = row.created = row.updated = row.rejected = row.next_portion = 0
    row.version += 1
    await work.session.execute(delete(ImportRejection).where(*_of(ImportRejection, work, row.id)))
    await _go_on_soon(work, row.id)
    return row


async def cancel(work: Work, import_id: UUID) -> Import:
    """What was imported stays; the rest is not. Raises `ImportNotFound` or `NotRunning`."""
    row = await find(work, import_id, for_update=True)
    if row.state != "running":
        raise NotRunning
    await _end(work, row, "cancelled")
    await work.cancel(GO_ON, key=str(row.id))
    return row


async def remove(work: Work, import_id: UUID) -> None:
    """The file and its report; customers stay. Raises `ImportNotFound` or `ImportRunning`."""
    row = await find(work, import_id, for_update=True)
    if row.state == "running":
        raise ImportRunning
    await _forget(work, row)
    await work.cancel(FORGET, key=str(row.id))


async def go_on(work: Work, timer: Timer) -> None:
    """Timer: take the next portion."""
    row = await _maybe(work, UUID(timer.payload["import_id"]), for_update=True)
    if row is None or row.state != "running":
        return
    portion = await work.session.get(ImportPortion, (work.account_id, row.id, row.next_portion))
    if portion is None:
        # Lines of people who were erased meanwhile are missing in the count.
        await _end(work, row, "finished")
        return
    lines: list[Line] = [(line, cells) for line, cells in portion.lines]
    if row.dry_run:
        async with work.rehearsal():
            taken = await _take(work, row, lines)
        await work.session.refresh(row)
    else:
        taken = await _take(work, row, lines)
    await _keep_rejections(work, row, taken.rejected)
    row.done += len(lines)
    row.created += taken.created
    row.updated += taken.updated
    row.rejected += len(taken.rejected)
    row.next_portion += 1
    row.version += 1
    if row.done >= row.rows:
        await _end(work, row, "finished")
    else:
        await _go_on_soon(work, row.id)


async def forget(work: Work, timer: Timer) -> None:
    """Timer: nobody needs this file any more."""
    row = await _maybe(work, UUID(timer.payload["import_id"]), for_update=True)
    if row is not None:
        await _forget(work, row)


async def find(work: Work, import_id: UUID, *, for_update: bool = False) -> Import:
    """Raises `ImportNotFound`."""
    found = await _maybe(work, import_id, for_update=for_update)
    if found is None:
        raise ImportNotFound
    return found


async def samples_of(work: Work, row: Import) -> list[list[str]]:
    """The first lines; none once the import is over."""
    first = await work.session.get(ImportPortion, (work.account_id, row.id, 0))
    return [cells for _, cells in first.lines[:SAMPLES]] if first is not None else []


def rejections_of(work: Work, row: Import) -> Select[ImportRejection]:
    return select(ImportRejection).where(*_of(ImportRejection, work, row.id))


async def _source_of(work: Work, row: Import) -> Import | None:
    """The import whose rejected lines were corrected and are in this file: the last that was run with its columns."""
    header = mappings.reported(row.header)
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
    rejected: list[tuple[Line, Sequence[dict[str, str]]]] = []
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
    return _Taken(outcome.created, outcome.updated, sorted(rejected, key=lambda each: each[0][0]))


async def _keep_rejections(work: Work, row: Import, rejected: Sequence[tuple[Line, Sequence[dict[str, str]]]]) -> None:
    rows = [
        {"account_id": work.account_id, "import_id": row.id, "line": line, "cells": cells, "errors": errors}
        for (line, cells), errors in rejected[: max(0, MOST_REJECTIONS - row.rejected)]
    ]
    if rows:
        await work.session.execute(insert(ImportRejection), rows)


async def _end(work: Work, row: Import, state: str) -> None:
    row.state, row.ended_at = state, work.now
    row.version += 1
    if not (state == "finished" and row.dry_run):
        await work.session.execute(delete(ImportPortion).where(*_of(ImportPortion, work, row.id)))


async def _forget(work: Work, row: Import) -> None:
    for table in (ImportPortion, ImportRejection):
        await work.session.execute(delete(table).where(*_of(table, work, row.id)))
    await work.session.delete(row)


async def _go_on_soon(work: Work, import_id: UUID) -> None:
    await work.schedule(GO_ON, key=str(import_id), due_at=work.now, payload={"import_id": str(import_id)})


async def _maybe(work: Work, import_id: UUID, *, for_update: bool) -> Import | None:
    mine = select(Import).where(Import.account_id == work.account_id, Import.id == import_id)
    found: Import | None = await work.session.scalar(mine.with_for_update() if for_update else mine)
    return found


def _of(table: type[ImportPortion] | type[ImportRejection], work: Work, import_id: UUID) -> tuple[Any, Any]:
    return table.account_id == work.account_id, table.import_id == import_id


def _new(work: Work, layout: Layout, name: str | None) -> Import:
    return Import(
        id=new_id(),
        account_id=work.account_id,
        name=name,
        state="uploaded",
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        header=storable((1, layout.header))[1],
        mapping={},
        country=None,
        dry_run=False,
        **dict.fromkeys(("rows", "done", "created", "updated", "rejected", "next_portion"), 0),
        version=1,
        created_at=work.now,
        created_by=str(work.actor),
        started_at=None,
        ended_at=None,
    )


def _problem(problem: FieldProblem) -> dict[str, str]:
    return {"pointer": problem.pointer, "code": problem.code, "detail": problem.detail}

"""Importing feedback from a file: uploaded once, tried as often as one likes, and then gone through in the background
(see `running`).

A portion of lines is one transaction, progress included. So an import that is interrupted goes on where it was, and no
line is counted twice.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Select, Text, cast, delete, func, insert, select

from services.survey.accounts.models import Account
from services.survey.hearing.service import hear
from services.survey.imports import reading
from services.survey.imports.formats import Format, plain
from services.survey.imports.formats.known import format_of
from services.survey.imports.models import FeedbackImport, FeedbackImportPortion, FeedbackImportRejection
from services.survey.imports.portions import Portion, Problems, Read, Said, problems_of
from services.survey.imports.schemas import LineProblem, Mapping, PreviewLine, Run
from services.survey.imports.suggesting import suggest
from services.survey.learning.reading import reader_of
from services.survey.sources.builtin import builtin_source
from services.survey.taxonomy import service as taxonomies
from shared.bus.subscriptions import Timer
from shared.dispatch.queue import enqueue, withdraw
from shared.http.errors import AppError, Conflict, NotFound
from shared.ids import new_id
from shared.spreadsheets import Layout, Line, Table, UnreadableFile, layout_of, lines_of, storable
from shared.work import Work

QUEUE: Final = "feedback imports"
FORGET: Final = "feedback_imports.forget"
PORTION: Final = 1_000
SAMPLES: Final = 50
SHOWN: Final = 20
# Further ones are counted and not kept: somebody who maps the wrong column finds out from the first.
MOST_REJECTIONS: Final = 10_000
# Files are full of personal data; nobody needs them for longer.
KEPT_FOR: Final = timedelta(days=30)
_DIGEST: Final = func.md5(cast(FeedbackImportPortion.lines, Text)).label("digest")
_OUTCOMES: Final = ("new", "edited", "same")

Stored = Literal["more", "over", "changed"]


class FeedbackImportNotFound(NotFound):
    """There is no such import here."""

    code = "feedback_import_not_found"


class FeedbackImportEnded(Conflict):
    """This import is done, or was cancelled; upload the file again."""

    code = "feedback_import_ended"


class FeedbackImportRunning(Conflict):
    """This import is running."""

    code = "feedback_import_running"


class FeedbackImportNotRunning(Conflict):
    """This import is not running, so there is nothing to cancel."""

    code = "feedback_import_not_running"


async def upload(work: Work, table: Table, *, name: str | None, delimiter: str | None) -> FeedbackImport:
    """Keep the lines of the file, with a mapping suggested. Raises `UnreadableFile`."""
    layout = await asyncio.to_thread(layout_of, table.file, delimiter, table.encoding)
    known = format_of(layout.header)
    row = _new(work, layout, known, name)
    work.session.add(row)
    await work.session.flush()
    lines = _said(lines_of(table.file, layout), layout.header, known)
    number = 0
    while portion := await asyncio.to_thread(lambda: [storable(line) for line in islice(lines, PORTION)]):
        values = {"account_id": work.account_id, "import_id": row.id, "number": number, "lines": portion}
        await work.session.execute(insert(FeedbackImportPortion).values(values))
        row.rows += len(portion)
        number += 1
    if not row.rows:
        raise UnreadableFile("The file has a header and no lines below it.")
    samples = [cells for _, cells in await first_lines(work, row)]
    account = await work.session.get(Account, work.account_id)
    suggested = suggest(row.header, samples, known, timezone=account.timezone if account else None)
    row.mapping = suggested.model_dump(mode="json")
    await work.session.flush()
    await work.schedule(FORGET, key=str(row.id), due_at=work.now + KEPT_FOR, payload={"import_id": str(row.id)})
    return row


async def preview(work: Work, row: FeedbackImport, mapping: Mapping) -> list[PreviewLine]:
    """What the first lines would become; nothing of an import that is over. Raises `Unacceptable` for a mapping that
    cannot be."""
    reading.check(mapping, row.header)
    shown = []
    for line in (await first_lines(work, row))[:SHOWN]:
        try:
            told = reading.read(line, row.header, mapping)
        except AppError as problem:
            errors = [LineProblem(**each) for each in problems_of(problem)]
            shown.append(PreviewLine(line=line[0], external_id=None, feedback=None, errors=errors))
        else:
            shown.append(PreviewLine(line=line[0], external_id=told.external_id, feedback=told.entry, errors=[]))
    return shown


async def run(work: Work, import_id: UUID, body: Run) -> FeedbackImport:
    """Begin, or after a dry run begin again.

    Raises `FeedbackImportNotFound`, `FeedbackImportRunning`, `FeedbackImportEnded`, or `Unacceptable` for a mapping
    that cannot be.
    """
    row = await find(work, import_id, for_update=True)
    if row.state == "running":
        raise FeedbackImportRunning
    if row.state not in ("uploaded", "failed") and not (row.state == "finished" and row.dry_run):
        raise FeedbackImportEnded
    wanted = body.mapping or mapping_of(row)
    reading.check(wanted, row.header)
    row.mapping, row.dry_run = wanted.model_dump(mode="json"), body.dry_run
    row.state, row.started_at, row.moved_at, row.ended_at, row.note = "running", work.now, work.now, None, None
    row.done = row.new = row.edited = row.same = row.rejected = row.next_portion = 0
    row.version += 1
    await work.session.execute(delete(FeedbackImportRejection).where(*_of(FeedbackImportRejection, work, row.id)))
    await enqueue(work, QUEUE, [(row.id, work.account_id)])
    return row


async def cancel(work: Work, import_id: UUID) -> FeedbackImport:
    """What was imported stays; the rest is not. Raises `FeedbackImportNotFound` or `FeedbackImportNotRunning`."""
    row = await find(work, import_id, for_update=True)
    if row.state != "running":
        raise FeedbackImportNotRunning
    await _end(work, row, "cancelled")
    await withdraw(work, QUEUE, row.id)
    return row


async def remove(work: Work, import_id: UUID) -> None:
    """The file and its report; the feedback stays. Raises `FeedbackImportNotFound` or `FeedbackImportRunning`."""
    row = await find(work, import_id, for_update=True)
    if row.state == "running":
        raise FeedbackImportRunning
    await _forget(work, row)
    await work.cancel(FORGET, key=str(row.id))


async def find_running(work: Work, import_id: UUID) -> FeedbackImport | None:
    """To go on with it."""
    row = await _maybe(work, import_id, for_update=True)
    return row if row is not None and row.state == "running" else None


async def portion_of(work: Work, row: FeedbackImport, number: int) -> tuple[Portion, str] | None:
    """With the digest of its lines; None after the last."""
    table = FeedbackImportPortion
    this = select(table.lines, _DIGEST).where(*_of(table, work, row.id), table.number == number)
    found = (await work.session.execute(this)).one_or_none()
    if found is None:
        return None
    lines: list[Line] = [(line, cells) for line, cells in found.lines]
    taxonomy = await taxonomies.own_document(work)
    return Portion(lines, row.header, mapping_of(row), row.created_at, taxonomy), found.digest


async def store(work: Work, import_id: UUID, read: Read) -> Stored:
    """A portion, or that there are no more. `over`: nothing is left to do, or somebody else is doing it; `changed`: it
    is not as it was when it was read, because people were erased since."""
    row = await find_running(work, import_id)
    said = read.said
    if row is None or row.next_portion != read.number:
        return "over"
    if said is None:
        # Lines of people who were erased meanwhile are missing in the count.
        await _end(work, row, "finished")
        return "over"
    if await _digest_of(work, row, read.number) != read.digest:
        return "changed"
    if row.dry_run:
        async with work.rehearsal():
            outcomes = await _take(work, said)
        await work.session.refresh(row)
    else:
        outcomes = await _take(work, said)
    await _keep_rejections(work, row, said.rejected)
    row.done += len(said.items) + len(said.rejected)
    for outcome in _OUTCOMES:
        setattr(row, outcome, getattr(row, outcome) + outcomes.count(outcome))
    row.rejected += len(said.rejected)
    row.next_portion += 1
    row.moved_at = work.now
    row.version += 1
    if row.done < row.rows:
        return "more"
    await _end(work, row, "finished")
    return "over"


async def fail(work: Work, row: FeedbackImport) -> None:
    """What was imported stays, and so does the file: it can be run again."""
    row.note = "It was interrupted too often. Run it again; what is imported already will count as `same`."
    await _end(work, row, "failed")


async def forget(work: Work, timer: Timer) -> None:
    """Timer: nobody needs this file any more."""
    row = await _maybe(work, UUID(timer.payload["import_id"]), for_update=True)
    if row is not None:
        await _forget(work, row)


async def find(work: Work, import_id: UUID, *, for_update: bool = False) -> FeedbackImport:
    """Raises `FeedbackImportNotFound`."""
    found = await _maybe(work, import_id, for_update=for_update)
    if found is None:
        raise FeedbackImportNotFound
    return found


async def first_lines(work: Work, row: FeedbackImport) -> list[Line]:
    """None once the import is over."""
    first = await work.session.get(FeedbackImportPortion, (work.account_id, row.id, 0))
    return [(line, cells) for line, cells in first.lines[:SAMPLES]] if first is not None else []


def mapping_of(row: FeedbackImport) -> Mapping:
    return Mapping.model_validate(row.mapping)


def rejections_of(work: Work, row: FeedbackImport) -> Select[FeedbackImportRejection]:
    return select(FeedbackImportRejection).where(*_of(FeedbackImportRejection, work, row.id))


async def _digest_of(work: Work, row: FeedbackImport, number: int) -> str | None:
    """An erasure that has begun ends first; one that begins now waits until the lines are feedback."""
    this = (*_of(FeedbackImportPortion, work, row.id), FeedbackImportPortion.number == number)
    found: str | None = await work.session.scalar(select(_DIGEST).where(*this).with_for_update())
    return found


async def _take(work: Work, said: Said) -> list[str]:
    reader = replace(await reader_of(work), known=dict(said.known))
    heard = await hear(work, await builtin_source(work, "import"), said.items, reader=reader)
    return [each.outcome for each in heard]


async def _keep_rejections(work: Work, row: FeedbackImport, rejected: Sequence[tuple[Line, Problems]]) -> None:
    rows = [
        {"account_id": work.account_id, "import_id": row.id, "line": line, "cells": cells, "errors": errors}
        for (line, cells), errors in rejected[: max(0, MOST_REJECTIONS - row.rejected)]
    ]
    if rows:
        await work.session.execute(insert(FeedbackImportRejection), rows)


async def _end(work: Work, row: FeedbackImport, state: str) -> None:
    row.state, row.ended_at = state, work.now
    row.version += 1
    if state != "failed" and not (state == "finished" and row.dry_run):
        await work.session.execute(delete(FeedbackImportPortion).where(*_of(FeedbackImportPortion, work, row.id)))


async def _forget(work: Work, row: FeedbackImport) -> None:
    for table in (FeedbackImportPortion, FeedbackImportRejection):
        await work.session.execute(delete(table).where(*_of(table, work, row.id)))
    await work.session.delete(row)


async def _maybe(work: Work, import_id: UUID, *, for_update: bool) -> FeedbackImport | None:
    mine = select(FeedbackImport).where(FeedbackImport.account_id == work.account_id, FeedbackImport.id == import_id)
    found: FeedbackImport | None = await work.session.scalar(mine.with_for_update() if for_update else mine)
    return found


def _of(
    table: type[FeedbackImportPortion] | type[FeedbackImportRejection], work: Work, import_id: UUID
) -> tuple[Any, Any]:
    return table.account_id == work.account_id, table.import_id == import_id


def _said(lines: Iterator[Line], header: Sequence[str], known: Format | None) -> Iterator[Line]:
    """Without what the tool says itself: further names of columns below the header, and a last line of one cell."""
    for place, line in enumerate(lines):
        is_heading = known is not None and known.second_header and place == 0 and not _has_id(line, header, known)
        is_footer = known is not None and known.footer and len(line[1]) == 1 < len(header)
        if not (is_heading or is_footer):
            yield line


def _has_id(line: Line, header: Sequence[str], known: Format) -> bool:
    cells = zip(header, line[1], strict=False)
    return any(cell.strip() for column, cell in cells if known.columns.get(plain(column)) == "external_id")


def _new(work: Work, layout: Layout, known: Format | None, name: str | None) -> FeedbackImport:
    return FeedbackImport(
        id=new_id(),
        account_id=work.account_id,
        name=name,
        format=known.key if known else None,
        state="uploaded",
        encoding=layout.encoding,
        delimiter=layout.delimiter,
        header=storable((1, layout.header))[1],
        mapping={},
        dry_run=False,
        **dict.fromkeys(("rows", "done", "new", "edited", "same", "rejected", "next_portion"), 0),
        version=1,
        created_at=work.now,
        created_by=str(work.actor),
        started_at=None,
        moved_at=None,
        ended_at=None,
        note=None,
    )

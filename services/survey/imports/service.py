"""Importing feedback from a file: uploaded once, tried as often as one likes, and then gone through in the background
(see `running`).

A portion of lines is one transaction, progress included. So an import that is interrupted goes on where it was, and no
line is counted twice.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Text, cast, func, select

from services.survey.accounts.models import Account
from services.survey.hearing.service import hear
from services.survey.imports import reading
from services.survey.imports.formats import Format, plain
from services.survey.imports.formats.known import format_of
from services.survey.imports.models import FeedbackImport, FeedbackImportPortion, FeedbackImportRejection
from services.survey.imports.portions import Portion, Read, Said, problems_of
from services.survey.imports.schemas import LineProblem, Mapping, PreviewLine, Run
from services.survey.imports.suggesting import suggest
from services.survey.learning.reading import reader_of
from services.survey.sources.builtin import builtin_source
from services.survey.taxonomy import service as taxonomies
from shared.dispatch.queue import enqueue, withdraw
from shared.http.errors import AppError, Conflict, NotFound
from shared.imports import Errors, Shelf
from shared.spreadsheets import Line, Table, layout_of, lines_of
from shared.work import Work

QUEUE: Final = "feedback imports"
FORGET: Final = "feedback_imports.forget"
SAMPLES: Final = 50
SHOWN: Final = 20
_DIGEST: Final = func.md5(cast(FeedbackImportPortion.lines, Text)).label("digest")
_OUTCOMES: Final = ("new", "edited", "same")

Stored = Literal["more", "over", "changed", "behind"]


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


SHELF: Final = Shelf(
    imports=FeedbackImport,
    portions=FeedbackImportPortion,
    rejections=FeedbackImportRejection,
    counts=_OUTCOMES,
    forget_timer=FORGET,
    errors=Errors(
        not_found=FeedbackImportNotFound,
        ended=FeedbackImportEnded,
        running=FeedbackImportRunning,
        not_running=FeedbackImportNotRunning,
    ),
    again=("uploaded", "failed"),
)


async def upload(work: Work, table: Table, *, name: str | None, delimiter: str | None) -> FeedbackImport:
    """Keep the lines of the file, with a mapping suggested. Raises `UnreadableFile`."""
    layout = await asyncio.to_thread(layout_of, table.file, delimiter, table.encoding)
    known = format_of(layout.header)
    new = SHELF.new(work, layout, name)
    row = FeedbackImport(**new, format=known.key if known else None, moved_at=None, note=None)
    lines = _said(lines_of(table.file, layout), layout.header, known)
    await SHELF.keep(work, row, lines, portion=work.settings.survey_import_portion)
    samples = [cells for _, cells in await first_lines(work, row)]
    account = await work.session.get(Account, work.account_id)
    suggested = suggest(row.header, samples, known, timezone=account.timezone if account else None)
    row.mapping = suggested.model_dump(mode="json")
    await work.session.flush()
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
    row = await SHELF.find_idle(work, import_id)
    wanted = body.mapping or mapping_of(row)
    reading.check(wanted, row.header)
    row.mapping, row.moved_at, row.note = wanted.model_dump(mode="json"), work.now, None
    await SHELF.begin(work, row, dry_run=body.dry_run)
    await enqueue(work, QUEUE, [(row.id, work.account_id)])
    return row


async def cancel(work: Work, import_id: UUID) -> FeedbackImport:
    """What was imported stays; the rest is not. Raises `FeedbackImportNotFound` or `FeedbackImportNotRunning`."""
    row = await SHELF.cancel(work, import_id)
    await withdraw(work, QUEUE, row.id)
    return row


async def portion_of(work: Work, row: FeedbackImport, number: int) -> tuple[Portion, str] | None:
    """With the digest of its lines; None after the last."""
    table = FeedbackImportPortion
    this = select(table.lines, _DIGEST).where(*SHELF.of(table, work, row.id), table.number == number)
    found = (await work.session.execute(this)).one_or_none()
    if found is None:
        return None
    lines: list[Line] = [(line, cells) for line, cells in found.lines]
    taxonomy = await taxonomies.own_document(work)
    return Portion(lines, row.header, mapping_of(row), row.created_at, taxonomy), found.digest


async def store(work: Work, import_id: UUID, read: Read) -> Stored:
    """A portion, or that there are no more. `over`: nothing is left to do; `behind`: somebody else has stored it;
    `changed`: it is not as it was when it was read, because people were erased since."""
    row, said = await SHELF.find_running(work, import_id), read.said
    if row is None:
        return "over"
    if row.next_portion != read.number:
        return "behind"
    if said is None:
        # Lines of people who were erased meanwhile are missing in the count.
        await SHELF.end(work, row, "finished")
        return "over"
    if await _digest_of(work, row, read.number) != read.digest:
        return "changed"
    async with SHELF.rehearsed(work, row):
        outcomes = await _take(work, said)
    row.moved_at = work.now
    counted = {outcome: outcomes.count(outcome) for outcome in _OUTCOMES}
    lines = len(said.items) + len(said.rejected)
    return "more" if await SHELF.advance(work, row, lines, counted, said.rejected) else "over"


async def fail(work: Work, row: FeedbackImport) -> None:
    """What was imported stays, and so does the file: it can be run again."""
    row.note = "It was interrupted too often. Run it again; what is imported already will count as `same`."
    await SHELF.end(work, row, "failed")


async def first_lines(work: Work, row: FeedbackImport) -> list[Line]:
    """None once the import is over."""
    return (await SHELF.portion(work, row, 0) or [])[:SAMPLES]


def mapping_of(row: FeedbackImport) -> Mapping:
    return Mapping.model_validate(row.mapping)


async def _digest_of(work: Work, row: FeedbackImport, number: int) -> str | None:
    """An erasure that has begun ends first; one that begins now waits until the lines are feedback."""
    this = (*SHELF.of(FeedbackImportPortion, work, row.id), FeedbackImportPortion.number == number)
    found: str | None = await work.session.scalar(select(_DIGEST).where(*this).with_for_update())
    return found


async def _take(work: Work, said: Said) -> list[str]:
    reader = replace(await reader_of(work), known=dict(said.known))
    heard = await hear(work, await builtin_source(work, "import"), said.items, reader=reader)
    return [each.outcome for each in heard]


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

"""What becomes of an import between its upload and the day it is forgotten, in whatever service."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import Select, delete, insert, select

from shared.bus.subscriptions import Timer
from shared.http.errors import AppError
from shared.ids import new_id
from shared.imports.tables import ImportRow, PortionRow, RejectionRow
from shared.spreadsheets import Layout, Line, UnreadableFile, storable
from shared.work import Work

# Further ones are counted and not kept: somebody who maps the wrong column finds out from the first.
MOST_REJECTIONS = 10_000
# Files are full of personal data; nobody needs them for longer.
KEPT_FOR = timedelta(days=30)

R = TypeVar("R", bound=ImportRow)
X = TypeVar("X", bound=RejectionRow)
Problems = Sequence[Mapping[str, str]]
Rejected = tuple[Line, Problems]


@dataclass(frozen=True, slots=True)
class Errors:
    """The service's own, each without arguments."""

    not_found: type[AppError]
    ended: type[AppError]
    running: type[AppError]
    not_running: type[AppError]


@dataclass(frozen=True)
class Shelf(Generic[R, X]):
    """The imports of one service.

    `counts` are the columns of `R` that say what became of lines, besides `rejected`; `forget_timer` is the kind of the
    timer that the service has call `forget`; `again` are states, besides that after a dry run, from which it may run.
    """

    imports: type[R]
    portions: type[PortionRow]
    rejections: type[X]
    counts: Sequence[str]
    forget_timer: str
    errors: Errors
    again: Sequence[str] = ("uploaded",)

    def new(self, work: Work, layout: Layout, name: str | None) -> dict[str, Any]:
        """What a new row says of itself; the service adds its own columns."""
        counted = dict.fromkeys(("rows", "done", "rejected", "next_portion", *self.counts), 0)
        return counted | {
            "id": new_id(),
            "account_id": work.account_id,
            "name": name,
            "state": "uploaded",
            "encoding": layout.encoding,
            "delimiter": layout.delimiter,
            "header": storable((1, layout.header))[1],
            "mapping": {},
            "dry_run": False,
            "version": 1,
            "created_at": work.now,
            "created_by": str(work.actor),
            "started_at": None,
            "ended_at": None,
        }

    async def keep(self, work: Work, row: R, lines: Iterator[Line], *, portion: int) -> None:
        """The file, `portion` lines at a time, until the day it is forgotten. Raises `UnreadableFile`."""
        work.session.add(row)
        await work.session.flush()
        number = 0
        while held := await asyncio.to_thread(lambda: [storable(line) for line in islice(lines, portion)]):
            values = {"account_id": work.account_id, "import_id": row.id, "number": number, "lines": held}
            await work.session.execute(insert(self.portions).values(values))
            row.rows += len(held)
            number += 1
        if not row.rows:
            raise UnreadableFile("The file has a header and no lines below it.")
        due_at, payload = work.now + KEPT_FOR, {"import_id": str(row.id)}
        await work.schedule(self.forget_timer, key=str(row.id), due_at=due_at, payload=payload)

    async def find(self, work: Work, import_id: UUID, *, for_update: bool = False) -> R:
        """Raises `errors.not_found`."""
        found = await self._maybe(work, import_id, for_update=for_update)
        if found is None:
            raise self.errors.not_found
        return found

    async def find_running(self, work: Work, import_id: UUID) -> R | None:
        """To go on with it, while nobody else does."""
        row = await self._maybe(work, import_id, for_update=True)
        return row if row is not None and row.state == "running" else None

    async def find_idle(self, work: Work, import_id: UUID) -> R:
        """To begin, or after a dry run to begin again. Raises `errors.not_found`, `.running` or `.ended`."""
        row = await self.find(work, import_id, for_update=True)
        if row.state == "running":
            raise self.errors.running
        if row.state not in self.again and not (row.state == "finished" and row.dry_run):
            raise self.errors.ended
        return row

    async def begin(self, work: Work, row: R, *, dry_run: bool) -> None:
        row.dry_run, row.state, row.started_at, row.ended_at = dry_run, "running", work.now, None
        for count in ("done", "rejected", "next_portion", *self.counts):
            setattr(row, count, 0)
        row.version += 1
        await work.session.execute(delete(self.rejections).where(*self.of(self.rejections, work, row.id)))

    async def portion(self, work: Work, row: R, number: int) -> list[Line] | None:
        """None after the last."""
        found = await work.session.get(self.portions, (work.account_id, row.id, number))
        return [(line, cells) for line, cells in found.lines] if found is not None else None

    @asynccontextmanager
    async def rehearsed(self, work: Work, row: R) -> AsyncIterator[None]:
        """What is done in the block is taken back if this is a dry run."""
        if not row.dry_run:
            yield
            return
        async with work.rehearsal():
            yield
        await work.session.refresh(row)

    async def advance(
        self, work: Work, row: R, lines: int, counted: Mapping[str, int], rejected: Sequence[Rejected]
    ) -> bool:
        """A portion is done, in this transaction. False if that was the last."""
        await self._keep_rejections(work, row, rejected)
        row.done += lines
        row.rejected += len(rejected)
        for count in self.counts:
            setattr(row, count, getattr(row, count) + counted[count])
        row.next_portion += 1
        row.version += 1
        if row.done < row.rows:
            return True
        await self.end(work, row, "finished")
        return False

    async def cancel(self, work: Work, import_id: UUID) -> R:
        """What was imported stays; the rest is not. Raises `errors.not_found` or `.not_running`."""
        row = await self.find(work, import_id, for_update=True)
        if row.state != "running":
            raise self.errors.not_running
        await self.end(work, row, "cancelled")
        return row

    async def end(self, work: Work, row: R, state: str) -> None:
        """The file goes, unless the import may run once more."""
        row.state, row.ended_at = state, work.now
        row.version += 1
        if state not in self.again and not (state == "finished" and row.dry_run):
            await work.session.execute(delete(self.portions).where(*self.of(self.portions, work, row.id)))

    async def remove(self, work: Work, import_id: UUID) -> None:
        """The file and its report; what was imported stays. Raises `errors.not_found` or `.running`."""
        row = await self.find(work, import_id, for_update=True)
        if row.state == "running":
            raise self.errors.running
        await self._forget(work, row)
        await work.cancel(self.forget_timer, key=str(row.id))

    async def forget(self, work: Work, timer: Timer) -> None:
        """Timer: nobody needs this file any more."""
        row = await self._maybe(work, UUID(timer.payload["import_id"]), for_update=True)
        if row is not None:
            await self._forget(work, row)

    def rejections_of(self, work: Work, row: R) -> Select[X]:
        return select(self.rejections).where(*self.of(self.rejections, work, row.id))

    def of(self, table: type[PortionRow] | type[RejectionRow], work: Work, import_id: UUID) -> tuple[Any, Any]:
        """What the rows of an import have in common."""
        return table.account_id == work.account_id, table.import_id == import_id

    async def _keep_rejections(self, work: Work, row: R, rejected: Sequence[Rejected]) -> None:
        rows = [
            {"account_id": work.account_id, "import_id": row.id, "line": line, "cells": cells, "errors": errors}
            for (line, cells), errors in rejected[: max(0, MOST_REJECTIONS - row.rejected)]
        ]
        if rows:
            await work.session.execute(insert(self.rejections), rows)

    async def _forget(self, work: Work, row: R) -> None:
        for table in (self.portions, self.rejections):
            await work.session.execute(delete(table).where(*self.of(table, work, row.id)))
        await work.session.delete(row)

    async def _maybe(self, work: Work, import_id: UUID, *, for_update: bool) -> R | None:
        mine = select(self.imports).where(self.imports.account_id == work.account_id, self.imports.id == import_id)
        found: R | None = await work.session.scalar(mine.with_for_update() if for_update else mine)
        return found

"""Records of an NDJSON or CSV file of any length, read as they arrive; memory holds a few records at a time."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from starlette.requests import Request
from starlette.types import Message

from shared.http.errors import TooLarge, Unreadable

LARGEST_RECORD = 1_048_576
# Parsing holds the event loop; after this many records others get their turn.
PORTION = 50

Chunks = AsyncIterator[bytes]
Read = TypeVar("Read")
Checked = TypeVar("Checked")


class Line(NamedTuple):
    """`number` is where it stands in the file, from 1, as an editor counts."""

    number: int
    content: bytes


class Row(NamedTuple):
    """`line` is where it begins in the file, from 1: a quoted cell may have line breaks of its own."""

    line: int
    cells: list[str]


def limited(request: Request, limit: int) -> Request:
    """The request, with a body of up to `limit` bytes: for an address where files have no limit, and so the edge sets
    none. Reading more raises `TooLarge`."""
    seen = 0

    async def receive() -> Message:
        nonlocal seen
        message = await request.receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise TooLarge(f"At most {limit} bytes are accepted here; send a file for more.")
        return message

    return Request(request.scope, receive)


async def ndjson_lines(chunks: Chunks) -> AsyncIterator[list[Line]]:
    """One record a line; empty lines are skipped. Raises `TooLarge`."""
    number = 0
    async for part in _whole_records(chunks, lambda text: text.rfind(b"\n") + 1):
        lines = [Line(number + n, line) for n, line in enumerate(part.split(b"\n"), 1) if line.strip()]
        number += part.count(b"\n")
        for start in range(0, len(lines), PORTION):
            yield lines[start : start + PORTION]


async def csv_rows(chunks: Chunks) -> AsyncIterator[list[Row]]:
    """RFC 4180 in UTF-8, with commas or semicolons. The first portion is the header alone; empty rows are skipped.

    Raises `TooLarge`, or `Unreadable` at the place that is no CSV.
    """
    delimiter, line = "", 0
    async for part in _whole_records(chunks, _end_of_csv_records):
        text = _decoded(part if delimiter else part.removeprefix(b"\xef\xbb\xbf"))
        has_header = bool(delimiter)
        if not has_header:
            first = text.partition("\n")[0]
            delimiter = ";" if first.count(";") > first.count(",") else ","
        portion: list[Row] = []
        for row in _rows(text, delimiter, line):
            if any(row.cells) or not has_header:
                portion.append(row)
            if len(portion) == PORTION or not has_header:
                yield portion
                portion, has_header = [], True
        if portion:
            yield portion
        line += text.count("\n")


def _rows(text: str, delimiter: str, before: int) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        begins = before + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as problem:
            raise Unreadable(
                f"The file is no CSV from line {begins} on: {problem}. What came before that place is stored."
            ) from None
        if cells is None:
            return
        yield Row(begins, cells)


async def _whole_records(chunks: Chunks, end_of: Callable[[bytes], int]) -> AsyncIterator[bytes]:
    """Cut the stream where records end; the last one needs no line break."""
    rest = b""
    async for chunk in chunks:
        rest += chunk
        if b"\n" not in chunk:
            if len(rest) > LARGEST_RECORD:
                raise TooLarge(f"A record of the file is larger than {LARGEST_RECORD} bytes.")
            continue
        end = end_of(rest)
        if end:
            yield rest[:end]
            rest = rest[end:]
    if rest.strip():
        yield rest


def _end_of_csv_records(text: bytes) -> int:
    """Behind the last line break that stands in no quotes: an even number of them comes before it."""
    end = text.rfind(b"\n")
    while end >= 0 and text.count(b'"', 0, end) % 2:
        end = text.rfind(b"\n", 0, end)
    return end + 1


def _decoded(part: bytes) -> str:
    try:
        return part.decode()
    except UnicodeDecodeError:
        raise Unreadable("The file is not UTF-8 throughout. What came before that place is stored.") from None


async def write_behind(
    portions: AsyncIterator[Sequence[Read]],
    check: Callable[[Sequence[Read], list[Checked]], Awaitable[None]],
    write: Callable[[Sequence[Checked]], Awaitable[None]],
    *,
    batch_size: int,
) -> None:
    """While one batch is written, the next is read. `check` adds what of a portion is good to the batch; `write` gets
    at least `batch_size` of these at a time, and the rest, which may be none, at the end."""
    batch: list[Checked] = []
    writing: asyncio.Future[None] | None = None
    try:
        async for portion in portions:
            await check(portion, batch)
            if len(batch) >= batch_size:
                if writing is not None:
                    await writing
                writing = asyncio.ensure_future(write(batch))
                batch = []
            # Lets the batch go out to the database, and other requests have their turn.
            await asyncio.sleep(0)
        if writing is not None:
            await writing
        await write(batch)
    finally:
        if writing is not None:
            await asyncio.gather(writing, return_exceptions=True)

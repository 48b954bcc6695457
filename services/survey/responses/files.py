"""Records of an NDJSON or CSV file of any length, read as they arrive; memory holds a few records at a time."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson

from services.survey.responses.reading import Parsed, read_item
from services.survey.responses.schemas import NewResponse
from shared.http.errors import FieldProblem, TooLarge, Unacceptable, Unreadable

LARGEST_RECORD = 1_048_576
# Parsing holds the event loop; after this many records others get their turn.
PORTION = 50

_FIELDS = frozenset(NewResponse.model_fields) - {"answers", "customer", "dimensions"}
_CUSTOMER_FIELDS = frozenset({"id", "external_id", "email", "phone", "name"})
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}

Chunks = AsyncIterator[bytes]


async def ndjson_records(chunks: Chunks) -> AsyncIterator[list[Parsed]]:
    """One JSON object a line; empty lines are skipped."""
    async for part in _whole_records(chunks, lambda text: text.rfind(b"\n") + 1):
        lines = [line for line in part.split(b"\n") if line.strip()]
        for start in range(0, len(lines), PORTION):
            yield [read_item(line) for line in lines[start : start + PORTION]]


async def csv_records(chunks: Chunks, survey_id: str | None) -> AsyncIterator[list[Parsed]]:
    """RFC 4180 with a header row, UTF-8, comma or semicolon.

    Columns are the fields of `NewResponse` (`customer.email`, `dimensions.store`); any other is a question's key.
    `survey_id` is for files without that column. Raises `Unacceptable` for a header that cannot be understood.
    """
    table: _Table | None = None
    async for part in _whole_records(chunks, _end_of_csv_records):
        rows: Iterator[list[str]]
        text = _decoded(part.removeprefix(b"\xef\xbb\xbf") if table is None else part)
        if table is None:
            delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
            table = _Table([name.strip() for name in next(rows, [])], delimiter, survey_id)
        else:
            rows = csv.reader(io.StringIO(text, newline=""), delimiter=table.delimiter, strict=True)
        portion: list[Parsed] = []
        for row in _readable(rows):
            if any(row):
                portion.append(table.read(row))
            if len(portion) == PORTION:
                yield portion
                portion = []
        if portion:
            yield portion


class _Table:
    """What the columns mean."""

    def __init__(self, header: list[str], delimiter: str, survey_id: str | None) -> None:
        self.delimiter = delimiter
        self._columns = [_column(name) for name in header]
        self._survey_id = survey_id
        if len(set(header)) < len(header):
            raise Unacceptable.field("csv:header", "column", "Two columns have the same name.")
        for name in ("submission_id", *(() if survey_id else ("survey_id",))):
            if name not in header:
                raise Unacceptable.field("csv:header", "column", f"The column {name} is missing.")

    def read(self, cells: list[str]) -> Parsed:
        if len(cells) != len(self._columns):
            text = f"{len(cells)} cells where the header has {len(self._columns)}."
            return (FieldProblem("", "cells", text),)
        record: dict[str, Any] = {"answers": []}
        if self._survey_id:
            record["survey_id"] = self._survey_id
        for (group, name), cell in zip(self._columns, cells, strict=True):
            if not cell:
                continue
            if group == "answers":
                record["answers"].append({"question": name, "value": cell})
            elif group:
                record.setdefault(group, {})[name] = cell
            else:
                record[name] = _TRUTH.get(cell.lower(), cell) if name == "completed" else cell
        return read_item(orjson.dumps(record))


def _column(name: str) -> tuple[str, str]:
    """The group a column belongs to, if any, and its name there."""
    if name in _FIELDS:
        return "", name
    group, dot, rest = name.partition(".")
    if not dot:
        return "answers", name
    if rest and (group in ("answers", "dimensions") or (group == "customer" and rest in _CUSTOMER_FIELDS)):
        return group, rest
    raise Unacceptable.field("csv:header", "column", f"There is no field for the column {name[:100]}.")


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


def _readable(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as problem:
        raise Unreadable(f"The file is no CSV: {problem}. What came before that place is stored.") from None

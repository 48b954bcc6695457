"""Workbooks of Excel (XLSX) as tables of text; nothing in them is computed, and no link is followed.

They are compressed, and the parser keeps all their texts in memory. So `python -m shared.workbooks` reads them apart,
in bounded memory and time: a workbook on its input, one row a line on its output, `[number, [cell, ...]]`.
"""

import sys
import tempfile
import warnings
import zipfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from threading import BoundedSemaphore
from typing import IO, Any, BinaryIO, Final, cast
from xml.parsers import expat

import orjson

from shared.apart import Failed, convert_apart
from shared.http.errors import TooMany
from shared.spreadsheets import MOST_COLUMNS, WORKBOOK, Table, UnreadableFile

_ZIP: Final = b"PK\x03\x04"
# Of Excel until 2003, and of workbooks with a password.
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SECONDS: Final = 300.0
_MEGABYTES: Final = 1_536
_WAIT_SECONDS: Final = 15
# As long as a CSV file may be; a text that is written once may stand in a million cells.
_MOST_WRITTEN: Final = 268_435_456
_MOST_UNPACKED: Final = 1_073_741_824
_MOST_PARTS: Final = 2_000
# What a sheet of Excel has at most.
_MOST_ROWS: Final = 1_048_576
_CHUNK: Final = 65_536


# Each may take the memory of a small machine.
_places: Final = BoundedSemaphore(2)


class TooManyWorkbooks(TooMany):
    """Other Excel files are being read at the moment. Try again in a little while."""

    code = "too_many_workbooks"


class DeclaresEntities(Exception):
    """A part of the workbook has a document type declaration, which could define texts that grow when they are read, or
    name files to be read. No spreadsheet writes one."""


class _Begun(Exception):
    """The root element is reached; no declaration can follow."""


@asynccontextmanager
async def unpacked(file: BinaryIO) -> AsyncIterator[Table]:
    """A workbook as its first visible sheet, anything else as it is. Raises `UnreadableFile` or
    `TooManyWorkbooks`."""
    file.seek(0)
    start = file.read(len(_OLE))
    if start == _OLE:
        raise UnreadableFile(
            "This is an old or a protected Excel file; save it as .xlsx without a password, or as CSV."
        )
    if not start.startswith(_ZIP):
        yield Table(file, None)
        return
    _check(file)
    with tempfile.TemporaryFile() as target:
        rows = cast("BinaryIO", target)
        await _convert(file, rows)
        yield Table(rows, WORKBOOK)


async def _convert(file: BinaryIO, rows: BinaryIO) -> None:
    if not _places.acquire(blocking=False):
        raise TooManyWorkbooks(retry_after=_WAIT_SECONDS)
    try:
        await convert_apart("shared.workbooks", file, rows, seconds=_SECONDS, megabytes=_MEGABYTES)
    except Failed as problem:
        if problem.kind == DeclaresEntities.__name__:
            raise UnreadableFile(
                "This Excel file declares a document type (DOCTYPE) in its XML, which no spreadsheet does and which can"
                " do harm; open it, save it anew, or save it as CSV."
            ) from None
        raise UnreadableFile("This Excel file is damaged or too large to be read; save it as CSV.") from None
    finally:
        _places.release()


def _check(file: BinaryIO) -> None:
    """Before anything is unpacked. What the parts are said to measure is all that is read of them."""
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        raise UnreadableFile("This Excel file is damaged.") from None
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise UnreadableFile("This is no Excel file but another kind of archive; upload a .csv or .xlsx file.")
    if len(parts) > _MOST_PARTS or sum(part.file_size for part in parts) > _MOST_UNPACKED:
        raise UnreadableFile("This Excel file unpacks to more than 1 GB; save it as CSV.")


def rows_of(file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
    """Of the first sheet that is not hidden, each with its number, from 1; empty ones not. Rows are as wide as the
    first, which names the columns, unless they go on beyond it."""
    import openpyxl  # only where a workbook is read: it takes 20 MB

    refuse_declarations(file)
    book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    sheet = next((each for each in book.worksheets if each.sheet_state == "visible"), None)
    if sheet is None:
        return
    # Some tools write wrong ones, and what is beyond them would be left out.
    sheet.reset_dimensions()
    width, most = 0, MOST_COLUMNS + 1
    for number, values in enumerate(sheet.iter_rows(max_col=most, values_only=True), 1):
        if number > _MOST_ROWS:
            raise ValueError("more rows than a sheet has")
        cells = _trimmed([_text(value) for value in values])
        if cells:
            width = width or len(cells)
            yield number, cells + [""] * (width - len(cells))


def refuse_declarations(file: BinaryIO) -> None:
    """Raises `DeclaresEntities`, whatever part it is in: a workbook may call its sheets what it likes. Of each, what
    stands before the first element is parsed, in whatever encoding, as it will be when rows are read."""
    with zipfile.ZipFile(file) as archive:
        for part in archive.infolist():
            with archive.open(part) as content:
                _refuse_declaration(content)
    file.seek(0)


def _refuse_declaration(content: IO[bytes]) -> None:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _declared
    parser.StartElementHandler = _begun
    try:
        while chunk := content.read(_CHUNK):
            parser.Parse(chunk)
    except (_Begun, expat.ExpatError):
        # What is no XML, such as a picture, is not read as such; a sheet that is not will be found out.
        return


def _declared(*_: object) -> None:
    raise DeclaresEntities


def _begun(*_: object) -> None:
    raise _Begun


def _trimmed(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        # A time is a fraction of a day there, which is seldom a whole number of seconds.
        return (value + timedelta(milliseconds=500)).replace(microsecond=0).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)


def main(given: BinaryIO, told: BinaryIO) -> None:
    """Raises `ValueError` if it would write too much."""
    warnings.simplefilter("ignore")
    written = 0
    for row in rows_of(given):
        line = orjson.dumps(_encodable(row), option=orjson.OPT_APPEND_NEWLINE)
        written += len(line)
        if written > _MOST_WRITTEN:
            raise ValueError("more text than can be taken")
        told.write(line)


def _encodable(row: tuple[int, Sequence[str]]) -> tuple[int, list[str]]:
    """Excel writes halves of characters if they were cut in two."""
    number, cells = row
    return number, [cell.encode(errors="replace").decode() for cell in cells]


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)

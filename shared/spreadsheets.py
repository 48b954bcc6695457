"""Tables in files of unknown make: reading them, and writing what spreadsheets may open."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO, NamedTuple

import orjson

from shared.http.errors import Unacceptable

MOST_COLUMNS = 200
DELIMITERS = ",;\t|"
# Spreadsheets of the Western world; it can read any bytes, so it is what remains if nothing else fits.
FALLBACK = "cp1252"
# Instead of an encoding: rows of a workbook, as `workbooks.unpacked` makes them.
WORKBOOK = "xlsx"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_CHUNK = 1_048_576
# Pictures and archives soon have some; Windows ends a file with \x1a now and then.
_CONTROLS = re.compile(rb"[\x00-\x08\x0e-\x19\x1b-\x1f]")
# What begins with one of these is computed by spreadsheets (OWASP, CSV injection).
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# So that spreadsheets read what we write as UTF-8.
BYTE_ORDER_MARK = "\ufeff"

Line = tuple[int, list[str]]


class Table(NamedTuple):
    """A file to be read; `encoding` is None if that is to be found out."""

    file: BinaryIO
    encoding: str | None


class Layout(NamedTuple):
    """A `WORKBOOK` has no delimiter."""

    encoding: str
    delimiter: str | None
    header: list[str]


class UnreadableFile(Unacceptable):
    """The file cannot be read as a table."""

    code = "unreadable_file"


def layout_of(file: BinaryIO, delimiter: str | None = None, encoding: str | None = None) -> Layout:
    """What kind of table it is; `delimiter` and `encoding` where they are known. Raises `UnreadableFile` if there is no
    header that could be one."""
    encoding = encoding or _encoding_of(file)
    if encoding == FALLBACK and not _is_text(file):
        raise UnreadableFile("This is no text; upload a .csv or .xlsx file.")
    delimiter = None if encoding == WORKBOOK else delimiter or _delimiter_of(file, encoding)
    _, header = next(_records(file, encoding, delimiter), (0, []))
    header = [cell.strip() for cell in header]
    if not any(header):
        raise UnreadableFile("The file is empty; its first line has to name the columns.")
    if len(header) > MOST_COLUMNS:
        raise UnreadableFile(f"The file has {len(header)} columns; at most {MOST_COLUMNS} can be read.")
    named = [name for name in header if name]
    if len(set(named)) < len(named):
        twice = next(name for name in named if named.count(name) > 1)
        raise UnreadableFile(f"Two columns are called {twice[:100]!r}; give each its own name.")
    return Layout(encoding, delimiter, header)


def lines_of(file: BinaryIO, layout: Layout) -> Iterator[Line]:
    """Each record with the number of the line it begins on, from 1 as editors count, or of its row in the workbook; the
    header and empty ones not."""
    records = _records(file, layout.encoding, layout.delimiter)
    next(records, None)
    for line, cells in records:
        if any(cell.strip() for cell in cells):
            yield line, cells


def storable(line: Line) -> Line:
    """PostgreSQL stores no NUL; it is shown as what it is, something unreadable."""
    return line[0], [cell.replace("\x00", "\ufffd") for cell in line[1]]


def written(rows: Iterable[Iterable[object]]) -> bytes:
    """As RFC 4180 has it, with a mark of its encoding. Cells have to be `harmless` already."""
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def harmless(cell: str) -> str:
    """With a mark that keeps spreadsheets from computing it."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


def unquoted(cell: str) -> str:
    """Without the mark that `harmless` put there."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA_STARTS else cell


def _records(file: BinaryIO, encoding: str, delimiter: str | None) -> Iterator[Line]:
    file.seek(0)
    if encoding == WORKBOOK or delimiter is None:
        for written_row in file:
            number, cells = orjson.loads(written_row)
            yield number, cells
        return
    text = io.TextIOWrapper(file, encoding=encoding, errors="replace", newline="")
    rows = csv.reader(text, delimiter=delimiter)
    try:
        while True:
            line = rows.line_num + 1
            try:
                row = next(rows)
            except StopIteration:
                return
            except csv.Error:
                detail = f"Line {line} is too long; perhaps a quotation mark was opened there and never closed."
                raise UnreadableFile(detail) from None
            yield line, row
    finally:
        text.detach()


def _encoding_of(file: BinaryIO) -> str:
    file.seek(0)
    start = file.read(4)
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    decoder = codecs.getincrementaldecoder("utf-8")()
    file.seek(0)
    try:
        while chunk := file.read(_CHUNK):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return FALLBACK
    return "utf-8"


def _is_text(file: BinaryIO) -> bool:
    """As far as its first bytes tell: text in an encoding of one byte has none of these."""
    file.seek(0)
    return _CONTROLS.search(file.read(4_096)) is None


def _delimiter_of(file: BinaryIO, encoding: str) -> str:
    """The one that divides the first line into most columns; a comma if there is only one."""
    counts = {mark: len(next(_records(file, encoding, mark), (0, []))[1]) for mark in DELIMITERS}
    return max(DELIMITERS, key=lambda mark: counts[mark])

"""The lines that were not taken, as a file to correct and upload again."""

from collections.abc import Iterable, Mapping, Sequence

from fastapi import Response

from shared.imports.tables import ImportRow, RejectionRow
from shared.spreadsheets import harmless, unquoted, written

# What a report puts before the file's own columns.
REPORT_COLUMNS = ("line", "problems")


def reported(header: Sequence[str]) -> list[str] | None:
    """The header of the file whose rejected lines a report of ours has; None if this is no such report."""
    if tuple(header[: len(REPORT_COLUMNS)]) != REPORT_COLUMNS:
        return None
    return [unquoted(column) for column in header[len(REPORT_COLUMNS) :]]


def report(row: ImportRow, columns: Mapping[str, str | None], rejections: Iterable[RejectionRow]) -> bytes:
    """RFC 4180: the line's number, what is wrong with it, and its cells, none of which is computed by a spreadsheet.

    Of a file that is such a report itself, the number and problems of its last time are left out, unless they are
    mapped: `columns` names a field for each column.
    """
    before = reported(row.header) is not None and not any(columns.get(column) for column in REPORT_COLUMNS)
    first = len(REPORT_COLUMNS) if before else 0
    rows: list[list[object]] = [[*REPORT_COLUMNS, *map(harmless, row.header[first:])]]
    for rejection in rejections:
        problems = " ".join(f"{error['pointer']}: {error['detail']}".lstrip(": ") for error in rejection.errors)
        rows.append([rejection.line, harmless(problems), *map(harmless, rejection.cells[first:])])
    return written(rows)


def download(row: ImportRow, columns: Mapping[str, str | None], rejections: Iterable[RejectionRow]) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="rejected-{row.id}.csv"'}
    return Response(report(row, columns, rejections), media_type="text/csv; charset=utf-8", headers=headers)

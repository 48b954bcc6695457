"""The lines that were not taken, as a file to correct and upload again."""

from collections.abc import Iterable

from services.customers.imports.mapping import REPORT_COLUMNS, reported
from services.customers.imports.models import Import, ImportRejection
from shared.spreadsheets import harmless, written


def report(row: Import, rejections: Iterable[ImportRejection]) -> bytes:
    """RFC 4180: the line's number, what is wrong with it, and its cells, none of which is computed by a spreadsheet.

    Of a file that is such a report itself, the number and problems of its last time are left out.
    """
    before = reported(row.header) is not None and not any(row.mapping.get(column) for column in REPORT_COLUMNS)
    first = len(REPORT_COLUMNS) if before else 0
    rows: list[list[object]] = [[*REPORT_COLUMNS, *map(harmless, row.header[first:])]]
    for rejection in rejections:
        problems = " ".join(error["detail"] for error in rejection.errors)
        rows.append([rejection.line, harmless(problems), *map(harmless, rejection.cells[first:])])
    return written(rows)

"""The lines that were not taken, as a file to correct and upload again."""

import csv
import io
from collections.abc import Iterable

from services.customers.imports.mapping import FORMULA_STARTS, REPORT_COLUMNS, reported
from services.customers.imports.models import Import, ImportRejection

# So that spreadsheets read it as UTF-8.
BYTE_ORDER_MARK = "\ufeff"


def report(row: Import, rejections: Iterable[ImportRejection]) -> bytes:
    """RFC 4180: the line's number, what is wrong with it, and its cells, none of which is computed by a spreadsheet.

    Of a file that is such a report itself, the number and problems of its last time are left out.
    """
    before = reported(row.header) is not None and not any(row.mapping.get(column) for column in REPORT_COLUMNS)
    first = len(REPORT_COLUMNS) if before else 0
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    rows = csv.writer(text)
    rows.writerow([*REPORT_COLUMNS, *map(_harmless, row.header[first:])])
    for rejection in rejections:
        problems = " ".join(error["detail"] for error in rejection.errors)
        rows.writerow([rejection.line, _harmless(problems), *map(_harmless, rejection.cells[first:])])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell

"""The lines that were not taken, as a file to correct and upload again."""

import csv
import io
from collections.abc import Iterable, Sequence

from services.customers.imports.mapping import FORMULA_STARTS
from services.customers.imports.models import ImportRejection

# So that spreadsheets read it as UTF-8.
BYTE_ORDER_MARK = "\ufeff"


def report(header: Sequence[str], rejections: Iterable[ImportRejection]) -> bytes:
    """RFC 4180: the line's number, what is wrong with it, and its cells, none of which is computed by a spreadsheet."""
    text = io.StringIO(newline="")
    text.write(BYTE_ORDER_MARK)
    rows = csv.writer(text)
    rows.writerow(["line", "problems", *map(_harmless, header)])
    for rejection in rejections:
        problems = " ".join(error["detail"] for error in rejection.errors)
        rows.writerow([rejection.line, _harmless(problems), *map(_harmless, rejection.cells)])
    return text.getvalue().encode()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell

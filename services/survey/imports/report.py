"""The lines that were not taken, as a file to correct and upload again."""

from collections.abc import Iterable

from services.survey.imports.fields import REPORT_COLUMNS
from services.survey.imports.models import FeedbackImport, FeedbackImportRejection
from shared.spreadsheets import harmless, written


def report(row: FeedbackImport, rejections: Iterable[FeedbackImportRejection]) -> bytes:
    """The line's number, what is wrong with it, and its cells, none of which is computed by a spreadsheet.

    Of a file that is such a report itself, the number and problems of its last time are left out.
    """
    first = len(REPORT_COLUMNS) if tuple(row.header[: len(REPORT_COLUMNS)]) == REPORT_COLUMNS else 0
    rows: list[list[object]] = [[*REPORT_COLUMNS, *map(harmless, row.header[first:])]]
    for rejection in rejections:
        problems = " ".join(f"{error['pointer']}: {error['detail']}".lstrip(": ") for error in rejection.errors)
        rows.append([rejection.line, harmless(problems), *map(harmless, rejection.cells[first:])])
    return written(rows)

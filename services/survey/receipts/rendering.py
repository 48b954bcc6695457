"""The receipt as a page: what was answered, in the words of the survey."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal
from uuid import UUID

from fastapi import Response as Answer

from services.survey.definition.facts import Attempt
from services.survey.definition.flow import walk
from services.survey.definition.piping import filled
from services.survey.definition.questions import CSI, Consent, File, Matrix, Question
from services.survey.pages.rendering import Sheet, receipt_sheet
from services.survey.responses.models import Response

Shown = Literal["shown", "sure", "changed", "deleted"]


def receipt_page(
    shown: Shown,
    sheet: Sheet | None,
    response: Response | None,
    files: Mapping[UUID, str] | None = None,
    *,
    token: str = "",
    locale: str = "en",
    status: int = 200,
) -> Answer:
    """`files`: names by id. `deleted` needs nothing: there is nothing left to show."""
    answers = list(_answers(sheet, response, files or {})) if sheet and response else []
    may_change = response is not None and response.completed and bool(answers)
    # Seen from `/r/{token}` itself, or from a page below it.
    base = token if shown == "shown" else "."
    context = {"shown": shown, "answers": answers, "may_change": may_change, "base": base, "token": token}
    return receipt_sheet(sheet, sheet.locale if sheet else locale, status, context)


def _answers(sheet: Sheet, response: Response, files: Mapping[UUID, str]) -> Iterator[dict[str, Any]]:
    """In the order of the survey: what was asked, and what was said to it, a line for each row of a table."""
    values = {answer["question"]: answer["value"] for answer in response.answers}
    language = response.language or sheet.locale
    today = response.received_at.date().isoformat()
    way = walk(sheet.definition, Attempt(values, response.hidden, language, response.channel, today))
    say, languages = sheet.teller(way.facts), (sheet.locale, sheet.definition.locales[0])
    for key, question in way.asked.items():
        if key in values:
            lines = [
                filled(line, way.facts, *languages) if line.startswith("{{") else line
                for line in _lines(question, values[key], files)
            ]
            rows = [say(row.label) for row in _rows(question) if row.id in values[key]]
            yield {"title": say(question.title), "lines": lines, "rows": rows}


def _lines(question: Question, value: Any, files: Mapping[UUID, str]) -> list[str]:
    if isinstance(question, Consent):
        return ["✓" if value else "✗"]
    if isinstance(question, File):
        return [files.get(UUID(str(each)), "?") for each in value]
    rows = _rows(question)
    if rows:
        return [f"{{{{question.{question.key}.{row.id}|–}}}}" for row in rows if row.id in value]
    return [f"{{{{question.{question.key}}}}}"]


def _rows(question: Question) -> list[Any]:
    if isinstance(question, CSI):
        return list(question.items)
    return list(question.rows) if isinstance(question, Matrix) else []

"""Responses as a CSV file: a row for each, a column for each question of any published version."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import select

from services.survey.definition.document import Definition
from services.survey.definition.questions import CSI, Matrix, Statement
from services.survey.responses.models import Response
from services.survey.surveys.models import SurveyVersion
from shared.db.database import Database

PORTION: Final = 500
_FIELDS: Final = (
    "id", "submission_id", "survey_version", "completed", "received_at", "occurred_at", "channel", "touchpoint",
    "language", "score", "ending", "screened_out", "over_quota", "suspicious", "revision",
)  # fmt: skip
# What spreadsheets take for a formula, behind any blanks; a tab or a line break in front is one of their tricks, too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def lines(database: Database, account_id: UUID, survey_id: UUID) -> AsyncIterator[bytes]:
    """UTF-8 with a mark that spreadsheets know it by, in the order of arrival; RFC 4180."""
    async with database.transaction(account_id) as session:
        same = (SurveyVersion.account_id == account_id) & (SurveyVersion.survey_id == survey_id)
        statement = select(SurveyVersion.definition).where(same).order_by(SurveyVersion.version)
        versions = [Definition.model_validate(each) for each in await session.scalars(statement)]
    columns = list(dict.fromkeys(column for definition in versions for column in _columns(definition)))
    yield b"\xef\xbb\xbf" + _rows([[*_FIELDS, *(f"answers.{name}" for name in columns)]])
    after: tuple[datetime, UUID] | None = None
    while True:
        found = await _portion(database, account_id, survey_id, after)
        if found:
            yield _rows(_row(response, columns) for response in found)
        if len(found) < PORTION:
            return
        after = (found[-1].received_at, found[-1].id)


def harmless(text: str) -> str:
    """A cell that no spreadsheet calculates: what looks like a formula begins with an apostrophe."""
    is_number = text.lstrip("-").replace(".", "", 1).isdecimal()
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) and not is_number else text


async def _portion(
    database: Database, account_id: UUID, survey_id: UUID, after: tuple[datetime, UUID] | None
) -> Sequence[Response]:
    table = Response
    mine = (table.account_id == account_id) & (table.survey_id == survey_id) & table.withdrawn_at.is_(None)
    statement = select(table).where(mine).order_by(table.received_at, table.id).limit(PORTION)
    if after is not None:
        at, last = after
        later = (table.received_at > at) | ((table.received_at == at) & (table.id > last))
        statement = statement.where(later)
    # Each portion in a transaction of its own: a slow reader holds nothing.
    async with database.transaction(account_id) as session:
        return (await session.scalars(statement)).all()


def _columns(definition: Definition) -> Iterable[str]:
    for question in definition.questions:
        if isinstance(question, CSI):
            yield from (f"{question.key}.{item.id}" for item in question.items)
        elif isinstance(question, Matrix):
            yield from (f"{question.key}.{row.id}" for row in question.rows)
        elif not isinstance(question, Statement):
            yield question.key


def _row(response: Response, columns: Sequence[str]) -> list[str]:
    answers: dict[str, Any] = {answer["question"]: answer["value"] for answer in response.answers}
    return [*(_cell(getattr(response, name)) for name in _FIELDS), *(_cell(_value(answers, name)) for name in columns)]


def _value(answers: Mapping[str, Any], column: str) -> Any:
    key, _, item = column.partition(".")
    value = answers.get(key)
    return value.get(item) if item and isinstance(value, dict) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return harmless("; ".join(each if isinstance(each, str) else orjson.dumps(each).decode() for each in value))
    return harmless(orjson.dumps(value).decode() if isinstance(value, dict) else str(value))


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()

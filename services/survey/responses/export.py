"""Responses as a CSV file: a row for each, a column for each question, hidden field and variable of any version."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import select, text

from services.survey.definition.document import Definition
from services.survey.definition.facts import OTHER
from services.survey.definition.questions import CSI, Matrix, Statement
from services.survey.responses.models import Response
from services.survey.surveys.models import SurveyVersion
from shared.db.database import Database

PORTION: Final = 500
_FIELDS: Final = (
    "id", "submission_id", "survey_version", "completed", "received_at", "occurred_at", "channel", "touchpoint",
    "language", "score", "ending", "screened_out", "over_quota", "suspicious", "revision",
)  # fmt: skip
_CUSTOMER: Final = ("id", "external_id", "email", "phone", "name")
# Senders name them as they like.
_DIMENSIONS: Final = text("""
    select distinct name collate "C" as name from survey.responses, jsonb_object_keys(dimensions) as name
    where account_id = :account_id and survey_id = :survey_id and withdrawn_at is null order by name
""")
# What spreadsheets take for a formula, behind any blanks; a tab or a line break in front is one of their tricks, too.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def lines(database: Database, account_id: UUID, survey_id: UUID) -> AsyncIterator[bytes]:
    """UTF-8 with a mark that spreadsheets know it by, in the order of arrival; RFC 4180."""
    async with database.transaction(account_id) as session:
        same = (SurveyVersion.account_id == account_id) & (SurveyVersion.survey_id == survey_id)
        statement = select(SurveyVersion.definition).where(same).order_by(SurveyVersion.version)
        versions = [Definition.model_validate(each) for each in await session.scalars(statement)]
        dimensions = (await session.scalars(_DIMENSIONS, {"account_id": account_id, "survey_id": survey_id})).all()
    named = {
        "customer": _CUSTOMER,
        "dimensions": dimensions,
        "hidden": _once(field.key for definition in versions for field in definition.hidden_fields),
        "variables": _once(variable.key for definition in versions for variable in definition.variables),
        "answers": _once(column for definition in versions for column in _columns(definition)),
    }
    columns = [(group, name) for group, names in named.items() for name in names]
    yield b"\xef\xbb\xbf" + _rows([[*_FIELDS, *(f"{group}.{name}" for group, name in columns)]])
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


def _row(response: Response, columns: Sequence[tuple[str, str]]) -> list[str]:
    groups: dict[str, Mapping[str, Any]] = {
        "customer": response.customer or {},
        "dimensions": response.dimensions,
        "hidden": response.hidden,
        "variables": response.variables,
        "answers": {answer["question"]: answer["value"] for answer in response.answers},
    }
    cells = (_value(groups[group], name) for group, name in columns)
    return [*(_cell(getattr(response, name)) for name in _FIELDS), *map(_cell, cells)]


def _once(names: Iterable[str]) -> Sequence[str]:
    return list(dict.fromkeys(names))


def _value(group: Mapping[str, Any], column: str) -> Any:
    if column in group:
        return group[column]
    key, _, item = column.partition(".")
    value = group.get(key)
    return value.get(item) if item and isinstance(value, dict) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, list):
        return harmless("; ".join(map(_text, value)))
    return harmless(_text(value))


def _text(value: Any) -> str:
    """An answer in own words as it was written, without a word that it is one."""
    if isinstance(value, dict):
        return str(value[OTHER]) if value.keys() == {OTHER} else orjson.dumps(value).decode()
    return str(value)


def _rows(rows: Iterable[Iterable[str]]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(rows)
    return written.getvalue().encode()

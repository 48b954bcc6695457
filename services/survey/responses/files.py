"""Responses in NDJSON and CSV files."""

from collections.abc import AsyncIterator
from typing import Any

import orjson

from services.survey.responses.reading import Parsed, Record, read_item
from services.survey.responses.schemas import NewResponse
from shared.http.errors import FieldProblem, Unacceptable
from shared.http.records import Chunks, csv_rows, ndjson_lines

_FIELDS = frozenset(NewResponse.model_fields) - {"answers", "customer", "dimensions"}
_CUSTOMER_FIELDS = frozenset({"id", "external_id", "email", "phone", "name"})
_TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


async def ndjson_records(chunks: Chunks) -> AsyncIterator[list[Record]]:
    """One JSON object a line; empty lines are skipped."""
    async for lines in ndjson_lines(chunks):
        yield [Record(line.number, read_item(line.content)) for line in lines]


async def csv_records(chunks: Chunks, survey_id: str | None) -> AsyncIterator[list[Record]]:
    """A header row, then a response a row.

    Columns are the fields of `NewResponse` (`customer.email`, `dimensions.store`); any other is a question's key.
    `survey_id` is for files without that column. Raises `Unacceptable` for a header that cannot be understood.
    """
    table: _Table | None = None
    async for rows in csv_rows(chunks):
        if table is None:
            table = _Table([name.strip() for name in rows[0].cells], survey_id)
        else:
            yield [Record(row.line, table.read(row.cells)) for row in rows]


class _Table:
    """What the columns mean."""

    def __init__(self, header: list[str], survey_id: str | None) -> None:
        self._columns = [_column(name) for name in header]
        self._survey_id = survey_id
        if len(set(header)) < len(header):
            raise Unacceptable.field("csv:header", "column", "Two columns have the same name.")
        for name in ("submission_id", *(() if survey_id else ("survey_id",))):
            if name not in header:
                raise Unacceptable.field("csv:header", "column", f"The column {name} is missing.")

    def read(self, cells: list[str]) -> Parsed:
        if len(cells) != len(self._columns):
            text = f"{len(cells)} cells where the header has {len(self._columns)}."
            return (FieldProblem("", "cells", text),)
        record: dict[str, Any] = {"answers": []}
        if self._survey_id:
            record["survey_id"] = self._survey_id
        for (group, name), cell in zip(self._columns, cells, strict=True):
            if not cell:
                continue
            if group == "answers":
                record["answers"].append({"question": name, "value": cell})
            elif group:
                record.setdefault(group, {})[name] = cell
            else:
                record[name] = _TRUTH.get(cell.lower(), cell) if name == "completed" else cell
        return read_item(orjson.dumps(record))


def _column(name: str) -> tuple[str, str]:
    """The group a column belongs to, if any, and its name there."""
    if name in _FIELDS:
        return "", name
    group, dot, rest = name.partition(".")
    if not dot:
        return "answers", name
    if rest and (group in ("answers", "dimensions") or (group == "customer" and rest in _CUSTOMER_FIELDS)):
        return group, rest
    raise Unacceptable.field("csv:header", "column", f"There is no field for the column {name[:100]}.")

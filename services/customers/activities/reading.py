"""From JSON, NDJSON and CSV to `NewActivity`, each item alone, with problems that name the field."""

from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, NamedTuple

import orjson
from pydantic import ValidationError

from services.customers.activities.schemas import CustomerNamed, NewActivity
from shared.http.errors import FieldProblem, Unacceptable, Unreadable
from shared.http.problems import translate
from shared.http.records import PORTION, Chunks, csv_rows, ndjson_lines

MOST_ITEMS: Final = 1_000
NDJSON: Final = ("application/x-ndjson", "application/jsonl")
CSV: Final = "text/csv"

_FIELDS: Final = frozenset(NewActivity.model_fields) - {"customer", "amount", "properties"}
_MONEY: Final = frozenset({"amount", "currency"})


class Item(NamedTuple):
    """One activity, or why it could not be read; `line` is where it begins in a file, None in a JSON body."""

    line: int | None
    activity: NewActivity | tuple[FieldProblem, ...]


def json_items(raw: bytes) -> list[Item]:
    """`{"activities": [...]}`. Raises `Unreadable` or `Unacceptable`."""
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise Unreadable(f"The body is not valid JSON: {problem}.") from None
    items = document.get("activities") if isinstance(document, dict) and len(document) == 1 else None
    if not isinstance(items, list):
        detail = 'Send {"activities": [...]}, each as for POST /v1/activities.'
        raise Unacceptable.field("/activities", "list", detail)
    if not 1 <= len(items) <= MOST_ITEMS:
        detail = f"From 1 to {MOST_ITEMS} activities; for more send a file as application/x-ndjson or text/csv."
        raise Unacceptable.field("/activities", "count", detail)
    return [Item(None, _read(item)) for item in items]


def items_of(chunks: Chunks, kind: str) -> AsyncIterator[list[Item]]:
    """The items of a file, some at a time. Raises `Unacceptable` for another kind of file."""
    if kind in NDJSON:
        return _ndjson_items(chunks)
    if kind == CSV:
        return _csv_items(chunks)
    detail = "Send application/json, application/x-ndjson or text/csv."
    raise Unacceptable.field("header:Content-Type", "content_type", detail)


async def portions(items: list[Item]) -> AsyncIterator[list[Item]]:
    for start in range(0, len(items), PORTION):
        yield items[start : start + PORTION]


async def _ndjson_items(chunks: Chunks) -> AsyncIterator[list[Item]]:
    async for lines in ndjson_lines(chunks):
        yield [Item(line.number, _read_line(line.content)) for line in lines]


async def _csv_items(chunks: Chunks) -> AsyncIterator[list[Item]]:
    header: list[str] | None = None
    async for rows in csv_rows(chunks):
        if header is None:
            header = _checked([name.strip() for name in rows[0].cells])
        else:
            yield [Item(row.line, _read_row(header, row.cells)) for row in rows]


def _checked(header: list[str]) -> list[str]:
    """Raises `Unacceptable` for columns that cannot be understood."""
    if len(set(header)) < len(header):
        raise Unacceptable.field("csv:header", "column", "Two columns have the same name.")
    for name in header:
        group, _, rest = name.partition(".")
        is_nested = rest and (group == "properties" or (group == "customer" and rest in CustomerNamed.model_fields))
        if name not in _FIELDS | _MONEY and not is_nested:
            detail = f"There is no field for the column {name[:100]}; what is yours goes to properties.NAME."
            raise Unacceptable.field("csv:header", "column", detail)
    if "kind" not in header:
        raise Unacceptable.field("csv:header", "column", "The column kind is missing.")
    return header


def _read_row(header: list[str], cells: list[str]) -> NewActivity | tuple[FieldProblem, ...]:
    if len(cells) != len(header):
        return (FieldProblem("", "cells", f"{len(cells)} cells where the header has {len(header)}."),)
    record: dict[str, Any] = {"customer": {}}
    for name, cell in zip(header, cells, strict=True):
        if cell:
            group, dot, rest = name.partition(".")
            place = record.setdefault("amount", {}) if name in _MONEY else record
            if dot:
                place, name = record.setdefault(group, {}), rest
            place[name] = cell
    return _read(record)


def _read_line(raw: bytes) -> NewActivity | tuple[FieldProblem, ...]:
    try:
        return _read(orjson.loads(raw))
    except orjson.JSONDecodeError as problem:
        return (FieldProblem("", "json", f"This line is not valid JSON: {problem}."),)


def _read(item: Mapping[str, Any]) -> NewActivity | tuple[FieldProblem, ...]:
    try:
        return NewActivity.model_validate(item)
    except ValidationError as problem:
        return translate(problem).errors

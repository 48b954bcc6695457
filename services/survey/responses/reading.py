"""From bytes to `NewResponse`, with problems that name the field."""

from typing import Any, NamedTuple, TypeVar

import orjson
from pydantic import ValidationError

from services.survey.responses.schemas import Incoming, NewResponse
from shared.http.errors import AppError, FieldProblem, Unacceptable, Unreadable
from shared.http.problems import from_validation
from shared.http.schemas import find_nul

# One item among many: read, or why it could not be.
Parsed = NewResponse | tuple[FieldProblem, ...]


class Record(NamedTuple):
    """`line` is where it begins in its file, from 1; None for an item of a JSON call."""

    line: int | None
    parsed: Parsed


MOST_ITEMS = 1_000
T = TypeVar("T")

# How JSON spells NUL; a raw one is no JSON. PostgreSQL stores it in no text.
_NUL = b"\\u0000"


class _Responses(Incoming):
    responses: list[NewResponse]


def read_response(raw: bytes) -> NewResponse:
    """Raises `Unreadable` for what is no JSON, `Unacceptable` for what is no response."""
    try:
        response = NewResponse.model_validate_json(raw)
    except ValidationError as problem:
        raise from_validation(problem.errors(include_url=False, include_input=False), skip=0) from None
    if _NUL in raw:
        # As it was understood: another reader of JSON may refuse what this one takes, such as NaN.
        _refuse_nul(response.model_dump())
    return response


def read_item(raw: bytes) -> Parsed:
    """One record of a file."""
    try:
        return read_response(raw)
    except AppError as problem:
        return problems_of(problem)


def read_items(raw: bytes) -> list[Parsed]:
    """The items of a JSON call: `{"responses": [...]}`, or the bare list. Raises `Unreadable` or `Unacceptable`."""
    if _NUL not in raw:
        try:
            items: list[Parsed] = [*_Responses.model_validate_json(raw).responses]
            return _counted(items)
        except ValidationError:
            # Some item is wrong, or all of it: look at each.
            pass
    return [read_item(orjson.dumps(item)) for item in _counted(_listed(raw))]


def _listed(raw: bytes) -> list[Any]:
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise Unreadable(f"The body is not valid JSON: {problem}.") from None
    items = document.get("responses") if isinstance(document, dict) else document
    if not isinstance(items, list):
        detail = 'Send {"responses": [...]}, each as for POST /v1/responses.'
        raise Unacceptable.field("/responses", "list", detail)
    return items


def _counted(items: list[T]) -> list[T]:
    if not 1 <= len(items) <= MOST_ITEMS:
        detail = f"From 1 to {MOST_ITEMS} responses; for more send a file as application/x-ndjson or text/csv."
        raise Unacceptable.field("/responses", "count", detail)
    return items


def problems_of(problem: AppError) -> tuple[FieldProblem, ...]:
    """As the errors of one item among many."""
    return problem.errors or (FieldProblem("", problem.code, problem.detail),)


def _refuse_nul(document: Any) -> None:
    # The six characters may also be meant literally (an escaped backslash before them), so look at what they mean.
    where = find_nul(document)
    if where is not None:
        raise Unacceptable.field(where, "nul", "Contains a NUL character; remove it.")

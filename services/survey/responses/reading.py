"""From bytes to `NewResponse`, with problems that name the field."""

from collections.abc import Sequence
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from services.survey.responses.schemas import NewResponse
from shared.http.errors import AppError, FieldProblem, Unacceptable, Unreadable
from shared.http.problems import from_validation
from shared.http.schemas import find_nul

# One item among many: read, or why it could not be.
Parsed = NewResponse | tuple[FieldProblem, ...]

_RESPONSES: TypeAdapter[list[NewResponse]] = TypeAdapter(list[NewResponse])
# How JSON spells NUL; a raw one is no JSON. PostgreSQL stores it in no text.
_NUL = b"\\u0000"


def read_response(raw: bytes) -> NewResponse:
    """Raises `Unreadable` for what is no JSON, `Unacceptable` for what is no response."""
    try:
        response = NewResponse.model_validate_json(raw)
    except ValidationError as problem:
        raise from_validation(problem.errors(include_url=False, include_input=False), skip=0) from None
    if _NUL in raw:
        _refuse_nul(orjson.loads(raw))
    return response


def read_item(raw: bytes) -> Parsed:
    """One record of a file."""
    try:
        return read_response(raw)
    except AppError as problem:
        return problems_of(problem)


def read_items(items: Sequence[Any]) -> list[Parsed]:
    """The items of a JSON call. All at once while they are good, which is the usual case."""
    raw = orjson.dumps(items)
    if _NUL not in raw:
        try:
            return list(_RESPONSES.validate_json(raw))
        except ValidationError:
            pass
    return [read_item(orjson.dumps(item)) for item in items]


def read_document(raw: bytes) -> Any:
    """Raises `Unreadable`."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise Unreadable(f"The body is not valid JSON: {problem}.") from None


def problems_of(problem: AppError) -> tuple[FieldProblem, ...]:
    """As the errors of one item among many."""
    return problem.errors or (FieldProblem("", problem.code, problem.detail),)


def _refuse_nul(document: Any) -> None:
    # The six characters may also be meant literally (an escaped backslash before them), so look at what they mean.
    where = find_nul(document)
    if where is not None:
        raise Unacceptable.field(where, "nul", "Contains a NUL character; remove it.")

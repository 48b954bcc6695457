"""Errors as RFC 9457 problem documents. What the client gets never carries a trace, a statement or a secret."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from shared.http import errors as e
from shared.http.errors import AppError, FieldProblem

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
MOST_FIELDS = 50
RETRY_SECONDS = 2
# Python's own JSON reader names no position for a body that nests too deeply; it raises this instead.
_TOO_DEEP = "The body nests deeper than can be read."
_BY_STATUS: dict[int, type[AppError]] = {
    cls.status: cls
    for cls in (
        e.Unreadable,
        e.Unauthenticated,
        e.Forbidden,
        e.NotFound,
        e.WrongMethod,
        e.Conflict,
        e.Gone,
        e.StaleVersion,
        e.TooLarge,
        e.WrongMediaType,
        e.Unacceptable,
        e.TooMany,
        e.Unavailable,
    )
}


def problem_response(problem: AppError, request_id: str) -> Response:
    """The document for one error."""
    body: dict[str, Any] = {
        "type": f"urn:heed:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = [{"pointer": f.pointer, "code": f.code, "detail": f.detail} for f in problem.errors]
    headers = {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(body), problem.status, headers, CONTENT_TYPE)


def from_validation(found: Sequence[Any], *, skip: int = 1, document: Any = None) -> AppError:
    """Pydantic's list as one problem; `skip` is how many leading parts of a location are not the document's own.

    With the `document`, neither are names of alternatives that the model chose between: they are left out as well.
    """
    if any(item["type"] == "json_invalid" for item in found):
        reason = found[0].get("ctx", {}).get("error", "syntax error")
        # FastAPI's reader says where in the location, pydantic's own in the reason.
        place = "".join(f" (at character {at})" for at in found[0]["loc"][-1:] if isinstance(at, int))
        return e.Unreadable(f"The body is not valid JSON: {reason}{place}.")
    fields = tuple(_field(item, skip, document) for item in found[:MOST_FIELDS])
    listed = " ".join(f"{f.pointer or 'body'}: {f.detail}" for f in fields[:3])
    return e.Unacceptable(listed, errors=fields)


def install_error_handlers(app: FastAPI) -> None:
    """Every way a request can fail, in one place."""

    async def app_error(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, AppError)
        return problem_response(problem, request_id_of(request))

    async def invalid(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, RequestValidationError)
        if _is_no_json(request) and any(item["loc"][:1] == ("body",) for item in problem.errors()):
            return problem_response(e.WrongMediaType(), request_id_of(request))
        return problem_response(from_validation(problem.errors(), document=problem.body), request_id_of(request))

    async def http(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        # FastAPI wraps whatever goes wrong while it reads a body; the reason is what the client can act on.
        if isinstance(problem.__cause__, AppError | RecursionError | OSError):
            return problem_response(translate(problem.__cause__), request_id_of(request))
        if isinstance(problem.__cause__, UnicodeDecodeError):
            return problem_response(e.Unreadable("The body is not UTF-8."), request_id_of(request))
        response = problem_response(translate(problem), request_id_of(request))
        response.headers.update(problem.headers or {})
        return response

    async def other(request: Request, problem: Exception) -> Response:
        return problem_response(translate(problem), request_id_of(request))

    app.add_exception_handler(AppError, app_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    below = (DBAPIError, PoolTimeout, asyncpg.PostgresError, OSError, RecursionError, asyncio.TimeoutError)
    for kind in (*below, ClientDisconnect):
        app.add_exception_handler(kind, other)


def translate(problem: Exception) -> AppError:
    """What a failure below the features means to a client; unexpected ones are logged here, with their trace."""
    if isinstance(problem, AppError):
        return problem
    if isinstance(problem, HTTPException):
        detail = None if problem.status_code in (401, 404, 405) else str(problem.detail)
        return _BY_STATUS.get(problem.status_code, AppError)(detail)
    if isinstance(problem, ClientDisconnect):
        # Nobody is there to read it.
        return e.Unreadable("The body ended before it was whole.")
    if isinstance(problem, RecursionError):
        return e.Unreadable(_TOO_DEEP)
    if isinstance(problem, ValidationError):
        return from_validation(problem.errors(), skip=0)
    if is_outage(problem):
        log.warning("dependency_down", error=type(problem).__name__)
        return e.Unavailable(retry_after=RETRY_SECONDS)
    sqlstate = _sqlstate(problem)
    if sqlstate in ("22021", "22P05"):
        return e.Unacceptable("Text must not contain NUL characters.")
    if sqlstate == "40001" or sqlstate == "40P01":
        return e.Unavailable("Two changes met; repeat this one.", retry_after=1)
    log.error("unexpected", exc_info=problem)
    return AppError()


def is_outage(problem: BaseException) -> bool:
    """Whether the database cannot be reached right now, as opposed to having refused a statement."""
    if isinstance(problem, PoolTimeout | InterfaceError | OSError | asyncio.TimeoutError | asyncpg.InterfaceError):
        return True
    # What asyncpg raises at the next use of an idle connection whose server said good-bye and died.
    if isinstance(problem, asyncpg.InternalClientError):
        return True
    if isinstance(problem, DBAPIError) and problem.connection_invalidated:
        return True
    sqlstate = _sqlstate(problem) or ""
    # Class 08: connection; 28, 3D: sign-in or database refused; 53: out of connections, memory, disk; 57P: not up.
    return sqlstate.startswith(("08", "28", "3D", "53", "57P"))


def _is_no_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind != "application/json" and not kind.endswith("+json")


def request_id_of(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


def _sqlstate(problem: BaseException) -> str | None:
    original = problem.orig if isinstance(problem, DBAPIError) else problem
    state = getattr(original, "sqlstate", None)
    return str(state) if state else None


def _field(item: Any, skip: int, document: Any) -> FieldProblem:
    place = item["loc"]
    if place and place[0] in ("query", "path", "header", "cookie"):
        pointer = f"{place[0]}:{'/'.join(str(part) for part in place[1:])}"
    else:
        parts = place[skip:] if document is None else _found_in(document, place[skip:], item["type"])
        pointer = "".join(f"/{str(part).replace('~', '~0').replace('/', '~1')}" for part in parts)
        pointer += item.get("ctx", {}).get("pointer", "")
    return FieldProblem(pointer, item["type"], _sentence(_plain(item)))


def _found_in(document: Any, place: Sequence[Any], problem: str) -> Iterator[Any]:
    """The parts of a location that the document has, and the one that it should have."""
    for index, part in enumerate(place):
        is_inside = isinstance(document, dict) and part in document
        if is_inside or (isinstance(document, list) and isinstance(part, int) and part < len(document)):
            document = document[part]
            yield part
        elif index == len(place) - 1 and problem == "missing":
            yield part


def _plain(item: Any) -> str:
    """Pydantic speaks to programmers; the commonest of its sentences are said here for everybody."""
    limits = item.get("ctx", {})
    match item["type"]:
        case "model_attributes_type" | "model_type" | "dict_type":
            return "must be an object"
        case "too_short":
            return f"needs at least {limits['min_length']}, has {limits['actual_length']}"
        case "too_long":
            return f"takes at most {limits['max_length']}"
        case "uuid_parsing" | "uuid_type":
            return "must be an id, such as 01a20000-0000-7000-8000-000000000001"
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            return f"{limits['discriminator']} must be one of {limits['expected_tags']}".replace("'", "`")
        case "union_tag_not_found":
            return f"{limits['discriminator']} is missing".replace("'", "`")
        case "extra_forbidden":
            return "is not a field here; check its spelling"
    return str(item["msg"])


def _sentence(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return text if text.endswith(".") else f"{text}."

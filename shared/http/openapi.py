"""The OpenAPI document of one service: scopes from the endpoints' signatures, problems instead of FastAPI's own 422."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from shared.http.dependencies import WorkDependency

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457. `code` is stable; `errors` names each bad field.",
    "required": ["type", "title", "status", "code", "detail", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {name: {"type": "string"} for name in ("pointer", "code", "detail")},
            },
        },
    },
}
_PROBLEM_ANSWER = {
    "description": "Refused; the document says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def describe(app: FastAPI, paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Built once and kept on the application."""
    if app.openapi_schema is not None:
        return app.openapi_schema
    document = get_openapi(title=app.title, version=app.version, openapi_version=app.openapi_version, routes=app.routes)
    components = document.setdefault("components", {})
    known = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        known.pop(name, None)
    known.update(schemas)
    known["Problem"] = PROBLEM
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    document.setdefault("paths", {}).update(paths)
    scopes = dict(_scopes(app))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not isinstance(operation, dict) or "responses" not in operation:
                continue
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = _PROBLEM_ANSWER
            scope = scopes.get((path, method))
            if scope is not None:
                operation["security"] = [{"bearer": [scope]}]
    app.openapi_schema = document
    return document


def _scopes(app: FastAPI) -> Iterator[tuple[tuple[str, str], str]]:
    for route in app.routes:
        if isinstance(route, APIRoute):
            for dependency in _all(route.dependant):
                if isinstance(dependency.call, WorkDependency):
                    for method in route.methods or ():
                        yield (route.path_format, method.lower()), dependency.call.scope


def _all(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for inner in dependant.dependencies:
        yield from _all(inner)

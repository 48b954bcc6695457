"""One service's OpenAPI document: problems instead of FastAPI's own 422, and the routes described by hand."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

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
    components.setdefault("securitySchemes", {})["bearer"] = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    for operation in _operations(document):
        operation["responses"].pop("422", None)
    for path, operations in paths.items():
        document.setdefault("paths", {}).setdefault(path, {}).update(operations)
    for operation in _operations(document):
        operation["responses"].setdefault("default", _PROBLEM_ANSWER)
    app.openapi_schema = document
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document.get("paths", {}).values():
        yield from (item for item in operations.values() if isinstance(item, dict) and "responses" in item)

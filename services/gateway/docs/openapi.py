"""One OpenAPI 3.1 document out of those of all services (https://spec.openapis.org/oas/v3.1.0)."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from services.gateway.exchange.secrets import COOKIE
from services.gateway.routing import find_route
from shared.contracts.asyncapi import asyncapi_document

Document = dict[str, Any]

METHODS: Final = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
# What the operations of each service are about; also the order in which they are shown.
SERVICES: Final = {
    "gateway": "who may do what",
    "customers": "who you are listening to",
    "survey": "what they said",
    "tickets": "who is fixing it, and by when",
    "metrics": "what it means",
    "notifier": "who must know, and what happens next",
}
_WEBHOOKS_TAG: Final = "webhook-events"
_SCHEMAS: Final = "#/components/schemas/"
_DESCRIPTION: Final = """\
What your customers say, on every channel: collected, answered, measured.

Send `Authorization: Bearer hk_...` with an API key. In a browser, the cookie of `POST /v1/sessions` does as well; then
everything but GET also needs the session's `csrf_token` as `X-CSRF-Token`. A revoked credential stops working within 30
seconds.

Errors are problem documents (RFC 9457) with a stable `code`. Lists are paged by `cursor`. `Idempotency-Key` makes a
repeated POST, PUT, PATCH or DELETE harmless."""


def merged(documents: Mapping[str, Document]) -> Document:
    """`documents` by service. A path that the front door leads elsewhere is left out: nobody could call it."""
    whole = _frame()
    schemas: dict[str, Any] = whole["components"]["schemas"]
    known_ids: set[str] = set()
    for service in sorted(documents, key=list(SERVICES).index):
        document = _with_own_names(documents[service], service, schemas)
        schemas.update(document.get("components", {}).get("schemas", {}))
        tags: dict[str, None] = {}
        for path, item in document.get("paths", {}).items():
            route = find_route(re.sub(r"\{[^}]*\}", "x", path))
            if route is None or route.service != service:
                continue
            whole["paths"][path] = item
            for operation in _operations(item):
                tags.update(dict.fromkeys(operation.setdefault("tags", [service])))
                _secure(operation)
                _describe_streams(operation)
                _make_unique(operation, service, known_ids)
        whole["tags"] += [{"name": tag, "description": f"{service}: {SERVICES[service]}"} for tag in tags]
    _add_webhooks(whole)
    return whole


def _frame() -> Document:
    return {
        "openapi": "3.1.0",
        "info": {"title": "Heed", "version": "1", "description": _DESCRIPTION, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/"}],
        "tags": [],
        "paths": {},
        "webhooks": {},
        "components": {
            "schemas": {},
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "hk_...", "description": "An API key."},
                "cookie": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": COOKIE,
                    "description": "A signed-in person. Everything but GET also needs `X-CSRF-Token`.",
                },
            },
        },
    }


def _with_own_names(document: Document, service: str, known: Mapping[str, Any]) -> Document:
    """A schema whose name means something else in another service gets its service's name in front."""
    mine = document.get("components", {}).get("schemas", {})
    clashing = {name for name, schema in mine.items() if name in known and known[name] != schema}
    # A schema that reads the same means something else where what it refers to does.
    while more := {name for name in mine.keys() & known.keys() - clashing if _references(mine[name]) & clashing}:
        clashing |= more
    if not clashing:
        return document

    def rename(name: str) -> str:
        return f"{service.capitalize()}{name}" if name in clashing else name

    renamed: Document = _renamed(document, rename)
    schemas = renamed["components"]["schemas"]
    renamed["components"] = {**renamed["components"], "schemas": {rename(name): body for name, body in schemas.items()}}
    return renamed


def _renamed(node: Any, rename: Callable[[str], str]) -> Any:
    """A copy in which every reference to a schema goes to its new name."""
    if isinstance(node, dict):
        return {
            key: _SCHEMAS + rename(value.removeprefix(_SCHEMAS))
            if isinstance(value, str) and value.startswith(_SCHEMAS)
            else _renamed(value, rename)
            for key, value in node.items()
        }
    return [_renamed(item, rename) for item in node] if isinstance(node, list) else node


def _references(schema: Any) -> set[str]:
    return set(re.findall(f"'{_SCHEMAS}([^']+)'", str(schema)))


def _operations(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [operation for method, operation in item.items() if method in METHODS]


def _secure(operation: dict[str, Any]) -> None:
    """Where a service takes a token, a client may send a key or come with a session."""
    for requirement in list(operation.get("security", [])):
        if "bearer" in requirement and {"cookie": requirement["bearer"]} not in operation["security"]:
            operation["security"].append({"cookie": requirement["bearer"]})


def _describe_streams(operation: Mapping[str, Any]) -> None:
    """OpenAPI 3.1 has no word for the items of a stream (`itemSchema` is of 3.2), so it is a text there."""
    for answer in operation.get("responses", {}).values():
        for media_type in answer.get("content", {}).values():
            if media_type.pop("itemSchema", None) is not None:
                media_type.setdefault("schema", {"type": "string"})


def _make_unique(operation: dict[str, Any], service: str, known: set[str]) -> None:
    if operation.get("operationId") in known:
        operation["operationId"] = f"{service}_{operation['operationId']}"
    known.add(operation.get("operationId", ""))


def _add_webhooks(whole: Document) -> None:
    """What registered endpoints receive: every event, under its type."""
    events = asyncapi_document()["components"]
    for name, schema in events["schemas"].items():
        whole["components"]["schemas"][f"Event{name}"] = _renamed(schema, lambda target: f"Event{target}")
    for message in events["messages"].values():
        whole["webhooks"][message["name"]] = {
            "post": {
                "operationId": f"webhook_{message['title']}",
                "summary": message["title"],
                "description": f"{message['summary']} Signed as Standard Webhooks say; answer 2xx within 15 seconds.",
                "tags": [_WEBHOOKS_TAG],
                "requestBody": {
                    "required": True,
                    "content": {
                        message["contentType"]: {
                            "schema": _renamed(message["payload"], lambda target: f"Event{target}")
                        }
                    },
                },
                "responses": {"2XX": {"description": "Taken; it will not be sent again."}},
            }
        }
    whole["tags"].append({"name": _WEBHOOKS_TAG, "description": "What Heed sends to the endpoints you register"})

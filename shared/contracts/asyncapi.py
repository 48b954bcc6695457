"""The AsyncAPI 3.0 document of all events (https://www.asyncapi.com/docs/reference/specification/v3.0.0)."""

from functools import cache
from typing import Any

from shared.contracts.base import ActorKind, Payload
from shared.contracts.registry import registry, service_of
from shared.contracts.schemas import schema_of

EXCHANGE = "heed.events"


@cache
def asyncapi_document() -> dict[str, Any]:
    """One channel per event type: the address is the routing key, the message a CloudEvent around the payload."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    schemas: dict[str, Any] = {"Envelope": _envelope()}
    for event_type, payload in sorted(registry().items()):
        name = payload.__name__
        schemas[name] = _inlined(schema_of(payload), name, schemas)
        messages[name] = _message(event_type, payload)
        channels[name] = {
            "address": event_type,
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            "bindings": {
                "amqp": {"is": "routingKey", "exchange": {"name": EXCHANGE, "type": "topic", "durable": True}}
            },
        }
        operations[f"send{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": _summary(payload),
            "tags": [{"name": service_of(event_type)}],
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Heed events",
            "version": "1",
            "description": "Facts about feedback and what follows from it. Readers ignore fields they do not know; "
            "within .v1 only optional fields are added.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": schemas},
    }


def _message(event_type: str, payload: type[Payload]) -> dict[str, Any]:
    name = payload.__name__
    specific = {"properties": {"type": {"const": event_type}, "data": {"$ref": f"#/components/schemas/{name}"}}}
    return {
        "name": event_type,
        "title": name,
        "summary": _summary(payload),
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, specific]},
    }


def _summary(payload: type[Payload]) -> str:
    return " ".join((payload.__doc__ or "").split())


def _inlined(schema: dict[str, Any], owner: str, schemas: dict[str, Any]) -> dict[str, Any]:
    """Lift a schema's own `$defs` to the document's components, named after the event so that none collide."""
    schema = {key: value for key, value in schema.items() if key != "$schema"}
    for name, part in schema.pop("$defs", {}).items():
        schemas[f"{owner}{name}"] = _retarget(part, owner)
    found: dict[str, Any] = _retarget(schema, owner)
    return found


def _retarget(node: Any, owner: str) -> Any:
    if isinstance(node, dict):
        return {
            key: _reference(value, owner) if key == "$ref" else _retarget(value, owner) for key, value in node.items()
        }
    return [_retarget(item, owner) for item in node] if isinstance(node, list) else node


def _reference(target: str, owner: str) -> str:
    return target.replace("#/$defs/", f"#/components/schemas/{owner}")


def _envelope() -> dict[str, Any]:
    uuid = {"type": "string", "format": "uuid"}
    actor = "|".join(ActorKind)
    properties = {
        "specversion": {"const": "1.0"},
        "id": {**uuid, "description": "UUIDv7; the same when an event comes twice."},
        "source": {"type": "string", "description": "/heed/<service>"},
        "type": {"type": "string"},
        "subject": {**uuid, "description": "What the fact is about."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "accountid": uuid,
        "actor": {"type": "string", "pattern": f"^({actor}):", "description": "Who caused it: kind and id."},
        "correlationid": {**uuid, "description": "Shared by all that one request set off."},
        "causationid": {**uuid, "description": "The event that led to this one."},
        "traceparent": {"type": "string", "description": "W3C Trace Context."},
        "aggregateversion": {"type": "integer", "description": "The subject's version after the change."},
        "sequence": {"type": "integer", "description": "Per account, without gaps; in the feed and in webhooks."},
        "data": {"type": "object"},
    }
    optional = {"causationid", "traceparent", "sequence"}
    return {
        "type": "object",
        "description": "CloudEvents 1.0.2, structured JSON.",
        "required": [name for name in properties if name not in optional],
        "properties": properties,
    }

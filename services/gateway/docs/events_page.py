"""The event catalogue as people read it, made from the same classes that the services emit."""

from dataclasses import dataclass
from typing import Any

from services.gateway.docs.openapi import SERVICES
from shared.contracts.asyncapi import asyncapi_document
from shared.contracts.registry import registry, service_of
from shared.contracts.schemas import schema_of


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    optional: bool


@dataclass(frozen=True, slots=True)
class EventEntry:
    name: str
    type: str
    summary: str
    fields: list[Field]


@dataclass(frozen=True, slots=True)
class EventGroup:
    service: str
    about: str
    events: list[EventEntry]


def event_groups() -> list[EventGroup]:
    """By owning service, in the order of the API's documentation; services without events are left out."""
    groups = {service: EventGroup(service, about, []) for service, about in SERVICES.items()}
    for event_type, payload in sorted(registry().items()):
        schema = schema_of(payload)
        entry = EventEntry(
            name=payload.__name__,
            type=event_type,
            summary=" ".join((payload.__doc__ or "").split()),
            fields=_fields(schema),
        )
        groups[service_of(event_type)].events.append(entry)
    return [group for group in groups.values() if group.events]


def envelope_fields() -> list[tuple[Field, str]]:
    """What every event carries around its data."""
    envelope = asyncapi_document()["components"]["schemas"]["Envelope"]
    required = set(envelope["required"])
    return [
        (Field(name, _type_of(schema), name not in required), schema.get("description", ""))
        for name, schema in envelope["properties"].items()
    ]


def _fields(schema: dict[str, Any]) -> list[Field]:
    required = set(schema.get("required", ()))
    return [
        Field(name, _type_of(part), name not in required or _may_be_null(part))
        for name, part in schema.get("properties", {}).items()
    ]


def _may_be_null(schema: dict[str, Any]) -> bool:
    return any(choice.get("type") == "null" for choice in schema.get("anyOf", ()))


def _type_of(schema: dict[str, Any]) -> str:
    if "const" in schema:
        return f'"{schema["const"]}"'
    if "enum" in schema:
        return " | ".join(f'"{value}"' for value in schema["enum"])
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in schema:
        return " | ".join(_type_of(choice) for choice in schema["anyOf"] if choice.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {_type_of(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")

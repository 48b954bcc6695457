"""What fields there are to speak of: conditions and templates are checked against them when they are saved.

A shape is a JSON Schema with its references followed. `properties` of an object that allows any key (such as the
`dimensions` of feedback) are not checked.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from shared.contracts.registry import payload_class
from shared.contracts.schemas import schema_of

Schema = dict[str, Any]

_EXAMPLES: dict[str, Any] = {"uuid": "01900000-0000-7000-8000-000000000001", "date-time": "2026-03-02T09:30:00Z"}


@cache
def shape_of(event_type: str) -> Schema:
    """Of an event's payload. Raises `shared.contracts.registry.UnknownEventType`."""
    return resolved(schema_of(payload_class(event_type)))


def resolved(document: Schema) -> Schema:
    """A JSON Schema, such as that of a model, as a shape."""
    found: Schema = _resolve(document, document.get("$defs", {}))
    return found


def _resolve(schema: Any, parts: dict[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_resolve(item, parts) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _resolve(parts[schema["$ref"].rsplit("/", 1)[1]], parts)
    return {key: _resolve(value, parts) for key, value in schema.items() if key != "$defs"}


def unknown_field(schema: Schema, path: Sequence[str]) -> str | None:
    """The first field of the dotted path that does not exist, spelled out from the root; None if all do."""
    options = [schema]
    for depth, name in enumerate(path):
        found = [step for option in options for step in _step(option, name)]
        if not found:
            return ".".join(path[: depth + 1])
        options = found
    return None


def items_of(schema: Schema, path: Sequence[str]) -> Schema:
    """The shape of one item of the list at `path`; an empty one, which allows nothing, if it is no list."""
    options = [schema]
    for name in path:
        options = [step for option in options for step in _step(option, name)]
    for option in _alternatives_of(options):
        if "items" in option:
            items: Schema = option["items"]
            return items
    return {"type": "null"}


def fields_of(schema: Schema) -> list[str]:
    """Names one level deep, for messages that say what there is."""
    return sorted(name for option in _alternatives(schema) for name in option.get("properties", {}))


def example_of(schema: Schema) -> Any:
    """A value of this shape with every optional part filled in."""
    options = [option for option in _alternatives(schema) if option.get("type") != "null"]
    if not options:
        return None
    chosen = options[0]
    if "const" in chosen:
        return chosen["const"]
    if "enum" in chosen:
        return chosen["enum"][0]
    match chosen.get("type"):
        case "object":
            return {name: example_of(inner) for name, inner in chosen.get("properties", {}).items()}
        case "array":
            return [example_of(chosen.get("items", {}))]
        case "integer":
            return 1
        case "number":
            return 0.5
        case "boolean":
            return True
        case "string":
            return _EXAMPLES.get(chosen.get("format", ""), "text")
    return "text"


def _step(schema: Schema, name: str) -> list[Schema]:
    """The shapes that `.name` may have: a property, or any value where every key is allowed."""
    found: list[Schema] = []
    for option in _alternatives(schema):
        if name in option.get("properties", {}):
            found.append(option["properties"][name])
        elif (values := option.get("additionalProperties", False)) is not False:
            found.append(values if isinstance(values, dict) else {})
        elif "type" not in option and "properties" not in option and "anyOf" not in option:
            found.append({})
    return found


def _alternatives(schema: Schema) -> list[Schema]:
    options: list[Schema] = schema.get("anyOf", [schema])
    return options


def _alternatives_of(schemas: Sequence[Schema]) -> list[Schema]:
    return [option for schema in schemas for option in _alternatives(schema)]

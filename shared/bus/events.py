"""The envelope: CloudEvents 1.0.2 in structured JSON, the same bytes in the outbox and on the wire.

Attributes follow https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md; extension names are lower case
and alphanumeric, as the specification demands.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import orjson

from shared.contracts.base import ActorKind, Payload
from shared.contracts.registry import payload_class, service_of

P = TypeVar("P", bound=Payload, covariant=True)


class MalformedEvent(ValueError):
    """The message is not an event of the agreed form."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` and an id that means something to its kind (user id, key id, rule id, service name)."""

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Event(Generic[P]):
    """One fact. `data` is parsed lazily by `payload()`; `raw` is the event exactly as it travels."""

    id: UUID
    type: str
    subject: UUID
    time: datetime
    account_id: UUID
    actor: Actor
    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None
    aggregate_version: int
    data: P
    raw: bytes

    @property
    def source(self) -> str:
        return f"/heed/{service_of(self.type)}"


def encode_event(
    payload: Payload,
    *,
    event_id: UUID,
    subject: UUID,
    time: datetime,
    account_id: UUID,
    actor: Actor,
    correlation_id: UUID,
    causation_id: UUID | None = None,
    traceparent: str | None = None,
    aggregate_version: int = 1,
) -> bytes:
    """The canonical bytes of one event."""
    body: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/heed/{service_of(payload.TYPE)}",
        "type": payload.TYPE,
        "subject": subject,
        "time": time,
        "datacontenttype": "application/json",
        "accountid": account_id,
        "actor": str(actor),
        "correlationid": correlation_id,
    }
    if causation_id is not None:
        body["causationid"] = causation_id
    if traceparent is not None:
        body["traceparent"] = traceparent
    body["aggregateversion"] = aggregate_version
    body["data"] = orjson.Fragment(payload.__pydantic_serializer__.to_json(payload))
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def decode_event(raw: bytes) -> Event[Payload]:
    """Read one event. Raises `MalformedEvent` if it is no JSON, no envelope, of an unknown type, or breaks its schema."""
    try:
        body = orjson.loads(raw)
        kind, _, actor_id = body["actor"].partition(":")
        causation = body.get("causationid")
        return Event(
            id=UUID(body["id"]),
            type=body["type"],
            subject=UUID(body["subject"]),
            time=datetime.fromisoformat(body["time"]),
            account_id=UUID(body["accountid"]),
            actor=Actor(ActorKind(kind), actor_id),
            correlation_id=UUID(body["correlationid"]),
            causation_id=UUID(causation) if causation else None,
            traceparent=body.get("traceparent"),
            aggregate_version=int(body["aggregateversion"]),
            data=payload_class(body["type"]).read(body["data"]),
            raw=raw,
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise MalformedEvent(f"not a readable event: {type(problem).__name__}: {problem}"[:500]) from problem

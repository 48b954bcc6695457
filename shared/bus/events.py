"""The envelope: CloudEvents 1.0.2 in structured JSON, the same bytes in the outbox and on the wire.

Attributes follow https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md; extension names are lower case
and alphanumeric, as the specification demands.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Generic, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import AwareDatetime, BaseModel, ModelWrapValidatorHandler, ValidationError, model_validator

from shared.contracts.base import ActorKind, Payload
from shared.contracts.registry import registry, service_of

P = TypeVar("P", bound=Payload, covariant=True)
Q = TypeVar("Q", bound=Payload)


class MalformedEvent(ValueError):
    """The message is not an event of the agreed form."""


class UnknownPayload(Payload):
    """The data of a type that this version does not know, kept as it came: who takes every event must miss none."""

    content: dict[str, Any]

    @model_validator(mode="wrap")
    @classmethod
    def keep(cls, data: Any, wrapped: ModelWrapValidatorHandler[Self]) -> Self:
        return wrapped({"content": data})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who did it: `kind` and an id that means something to its kind (user id, key id, rule id, service name)."""

    kind: ActorKind
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True)
class Event(Generic[P]):
    """One fact. `data` is the parsed payload; `raw` is the event exactly as it travels."""

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
    # Ids that were read from the database are a subclass of UUID, which orjson leaves to `default`.
    return orjson.dumps(body, option=orjson.OPT_UTC_Z, default=str)


def decode_event(raw: bytes) -> Event[Payload]:
    """Read one event. Raises `MalformedEvent` if it is no JSON, no envelope, or breaks its type's schema."""
    return read_event(read_envelope(raw), raw)


def read_envelope(raw: bytes) -> dict[str, Any]:
    """The attributes, not yet checked but for `type`. Raises `MalformedEvent`."""
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise MalformedEvent(f"not JSON: {problem.msg}") from problem
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        raise MalformedEvent("not an event: a JSON object with a type was expected")
    return body


def read_event(body: dict[str, Any], raw: bytes) -> Event[Payload]:
    """The event of an envelope; `data` of a type unknown here is kept as it came. Raises `MalformedEvent`."""
    try:
        # Fields that a newer version added are ignored, in the envelope and in its data.
        found = _envelope_of(registry().get(body["type"], UnknownPayload)).validate_python(body, extra="ignore")
        kind, _, actor_id = found.actor.partition(":")
        actor = Actor(ActorKind(kind), actor_id)
    except ValidationError as problem:
        # Without the input: the text ends up in logs and lists, and the input may be about a person.
        faults = [
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in problem.errors(include_input=False)
        ]
        raise MalformedEvent(f"{body['type']} breaks its schema: {'; '.join(faults)}"[:500]) from None
    except ValueError:
        raise MalformedEvent("the actor is of no known kind") from None
    return Event(
        id=found.id,
        type=found.type,
        subject=found.subject,
        time=found.time,
        account_id=found.accountid,
        actor=actor,
        correlation_id=found.correlationid,
        causation_id=found.causationid,
        traceparent=found.traceparent,
        aggregate_version=found.aggregateversion,
        data=found.data,
        raw=raw,
    )


class _Envelope(BaseModel, Generic[Q]):
    """The attributes under the names that they travel by."""

    id: UUID
    type: str
    subject: UUID
    time: AwareDatetime
    accountid: UUID
    actor: str
    correlationid: UUID
    causationid: UUID | None = None
    traceparent: str | None = None
    aggregateversion: int
    data: Q


@cache
def _envelope_of(payload: type[Payload]) -> Any:
    """One validator for envelope and data together: it runs in native code, at a third of the cost."""
    return _Envelope[payload].__pydantic_validator__  # type: ignore[valid-type]

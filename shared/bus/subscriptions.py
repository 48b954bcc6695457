"""How a service says what it listens to: one list per service, on one screen."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from shared.bus.events import Event
from shared.contracts.base import Payload
from shared.work import Work

P = TypeVar("P", bound=Payload)
EventHandler = Callable[[Work, Event[P]], Awaitable[None]]
BatchHandler = Callable[[Work, Sequence[Event[Payload]]], Awaitable[None]]

EVERYTHING = "heed.#"


class NotYet(Exception):
    """What this event needs has not arrived; try again later. Not an error."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """One handler and the event types it takes. `name` is its key in the inbox and must never change."""

    name: str
    patterns: tuple[str, ...]
    handle: BatchHandler
    batched: bool

    def takes(self, event_type: str) -> bool:
        return self.patterns == (EVERYTHING,) or event_type in self.patterns


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is due. `key` names what it belongs to; `payload` is what was scheduled."""

    id: UUID
    kind: str
    key: str
    due_at: datetime
    payload: dict[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class TimerBatch:
    """For timers of which many fall due at once: `handle` gets those of one account together, in one transaction. If it
    fails, each is handled again in one of its own."""

    handle: Callable[[Work, Sequence[Timer]], Awaitable[None]]


TimerHandler = Callable[[Work, Timer], Awaitable[None]] | TimerBatch


def on(payload: type[P], handler: EventHandler[P]) -> Subscription:
    """Call `handler` for each event of this type, with a `Work` of its own.

    Events that wait together share a transaction; if anything in it fails, each is handled again in one of its own.
    """

    async def handle(work: Work, events: Sequence[Event[Any]]) -> None:
        for event in events:
            await handler(work, event)

    return Subscription(_name(handler), (payload.TYPE,), handle, batched=False)


def on_batch(payloads: Sequence[type[Payload]], handler: BatchHandler) -> Subscription:
    """Call `handler` with all waiting events of these types of one account at once: for high volumes."""
    return Subscription(_name(handler), tuple(payload.TYPE for payload in payloads), handler, batched=True)


def on_any(handler: BatchHandler) -> Subscription:
    """Call `handler` with every event there is."""
    return Subscription(_name(handler), (EVERYTHING,), handler, batched=True)


def _name(handler: Callable[..., Any]) -> str:
    module = handler.__module__.removeprefix("services.")
    return f"{module}.{handler.__qualname__}"

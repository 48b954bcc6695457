"""A service that hears its own events and writes down each: the event path with nothing else on it.

`python -m tests.bench.echo`: relay and consumer as a process; prints one JSON line of latencies when it is told to end.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import orjson
import uvloop
from fastapi import FastAPI
from sqlalchemy import text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.bus.consumer import deliver, subscribe
from shared.bus.events import Actor, Event, encode_event
from shared.bus.subscriptions import on_batch
from shared.bus.worker import run_worker
from shared.contracts.base import ActorKind, Payload
from shared.contracts.tickets import TicketReopened
from shared.db.base import COLUMN_TYPES, AccountOwned, service_metadata
from shared.http.app import service_app
from shared.ids import new_id
from shared.process import settle
from shared.service import Runtime, Service, open_runtime
from shared.settings import ServiceSettings
from shared.work import Work

ACCOUNT = UUID("01a20000-0000-7000-8000-00000000bec4")
BENCH = Actor(ActorKind.SYSTEM, "bench")


class Base(DeclarativeBase):
    metadata = service_metadata("echo")
    type_annotation_map = COLUMN_TYPES


class Effect(AccountOwned, Base):
    __tablename__ = "effects"

    event_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject: Mapped[UUID]
    due_at: Mapped[datetime]


_WRITE = text("""
    insert into echo.effects (event_id, account_id, subject, due_at)
    select event_id, :account_id, subject, due_at
    from unnest(cast(:ids as uuid[]), cast(:subjects as uuid[]), cast(:due as timestamptz[]))
        as new(event_id, subject, due_at)
""")


async def write_down(work: Work, events: Sequence[Event[Payload]]) -> None:
    """As a handler for high volumes does it: one statement, however many events."""
    due = [event.data.resolution_due_at for event in events if isinstance(event.data, TicketReopened)]
    columns = {"ids": [event.id for event in events], "subjects": [event.subject for event in events], "due": due}
    await work.session.execute(_WRITE, {"account_id": work.account_id, **columns})


def create_app(runtime: Runtime) -> FastAPI:
    return service_app(runtime, title="echo", routers=[])


ECHO = Service(
    name="echo",
    settings=ServiceSettings,
    metadata=Base.metadata,
    create_app=create_app,
    subscriptions=[on_batch([TicketReopened], write_down)],
)


def event(due_at: datetime) -> tuple[UUID, bytes]:
    """One event's id and bytes; when it was due travels in its data."""
    event_id, ticket_id = new_id(), new_id()
    payload = TicketReopened(ticket_id=ticket_id, number=1, reason=None, customer_id=None, resolution_due_at=due_at)
    body = encode_event(
        payload,
        event_id=event_id,
        subject=ticket_id,
        time=due_at,
        account_id=ACCOUNT,
        actor=BENCH,
        correlation_id=event_id,
    )
    return event_id, body


def lateness(body: bytes, now: datetime) -> float:
    """Milliseconds from when the event was due to now."""
    due = datetime.fromisoformat(orjson.loads(body)["data"]["resolution_due_at"])
    return (now - due) / timedelta(milliseconds=1)


def percentiles(late: Sequence[float]) -> dict[str, float]:
    ordered = sorted(late)
    return {"n": len(ordered), "p50": ordered[len(ordered) // 2], "p99": ordered[int(len(ordered) * 0.99)]}


async def main() -> None:
    """The real worker, with a watch around what it does for each batch."""
    runtime = open_runtime(ECHO, ServiceSettings())
    late: list[float] = []
    consume = runtime.transport.consume

    async def timed(bodies: Sequence[bytes]) -> None:
        await deliver(runtime, bodies)
        now = datetime.now(UTC)
        late.extend(lateness(body, now) for body in bodies)

    async def consume_timed(queue: str, _: object) -> None:
        await consume(queue, timed)

    runtime.transport.consume = consume_timed  # type: ignore[method-assign, assignment]
    await subscribe(runtime)
    worker = asyncio.create_task(run_worker(runtime))
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    settle()
    print("ready", flush=True)
    await ended.wait()
    print(json.dumps(percentiles(late)), flush=True)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


if __name__ == "__main__":
    sys.exit(uvloop.run(main()))

"""The event path: how fast it empties a backlog, and how late an event is under a steady load."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import aio_pika
import asyncpg
import uvloop

from shared.bus.consumer import deliver, subscribe
from shared.bus.relay import relay_once
from shared.process import settle
from shared.service import Runtime, open_runtime
from shared.testing.schema import create_schema
from shared.testing.servers import RABBITMQ_URL, Servers
from tests.bench import bare
from tests.bench.echo import ACCOUNT, ECHO, event
from tests.bench.machine import ROOT
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS = 3
BACKLOG = 20_000
SECONDS = 6.0
TYPE = "heed.tickets.ticket.reopened.v1"


def bench() -> list[Ratio]:
    servers = Servers()
    try:
        servers.start(postgres=False, rabbitmq=True)
        url = os.environ.get(RABBITMQ_URL)
        if url is None:
            raise SystemExit("the event path is measured against RabbitMQ: install rabbitmq-server")
        with stage(url) as here:
            asyncio.run(_prepare(here))
            return [*uvloop.run(_backlog(here, url)), *_latency(here)]
    finally:
        servers.stop()


async def _prepare(here: Stage) -> None:
    await create_schema(here.databases, ECHO, "effects")
    connection = await asyncpg.connect(here.databases.url)
    await connection.execute(bare.TABLES)
    await connection.close()


async def _backlog(here: Stage, url: str) -> list[Ratio]:
    prefix = here.environment["HEED_BUS_PREFIX"]
    settings = here.databases.settings(ECHO, rabbitmq_url=url, bus_prefix=prefix)
    runtime = open_runtime(ECHO, settings)
    database = await asyncpg.connect(here.databases.url)
    await runtime.transport.open()
    await subscribe(runtime)
    rates: dict[str, list[float]] = {"relay": [], "pipelined": [], "consumer": [], "batches": []}
    for number in range(ROUNDS):
        await _fill(database, BACKLOG)
        # As every process of ours does: what was made so far is no longer looked through by the garbage collector.
        settle()
        rates["relay"].append(await _rate(relay_once(runtime), BACKLOG))
        rates["consumer"].append(await _rate(_consume(runtime, BACKLOG), BACKLOG))
        queue = f"{prefix}.pipelined{number}"
        rates["pipelined"].append(await _rate(bare.relay_pipelined(database, url, queue), BACKLOG))
        await _publish_singly(url, f"{prefix}.single{number}")
        single = f"{prefix}.single{number}"
        rates["batches"].append(await _rate(bare.consume_in_batches(database, url, single, BACKLOG), BACKLOG))
    effects = await database.fetchval("select count(*) from echo.effects")
    if effects != ROUNDS * BACKLOG:
        raise RuntimeError(f"{ROUNDS * BACKLOG} events had {effects} effects")
    await runtime.transport.close()
    await runtime.database.close()
    await database.close()
    return [
        Ratio(
            "relay ÷ a pipelined relay of one event a message", divided(rates["relay"], rates["pipelined"]), at_least=8
        ),
        Ratio(
            "consumer ÷ single-event messages, 200 a batch", divided(rates["consumer"], rates["batches"]), at_least=3
        ),
    ]


async def _rate(work: Awaitable[object], count: int) -> float:
    started = time.perf_counter()
    await work
    return count / (time.perf_counter() - started)


async def _fill(database: asyncpg.Connection, count: int) -> None:
    """The same events in Heed's outbox and in the bare one."""
    now = datetime.now(UTC)
    events = [event(now) for _ in range(count)]
    ids, bodies = [event_id for event_id, _ in events], [body for _, body in events]
    rows = [(event_id, ACCOUNT, TYPE, body) for event_id, body in events]
    columns = ["event_id", "account_id", "type", "body"]
    await database.copy_records_to_table("outbox", schema_name="echo", records=rows, columns=columns)
    await database.copy_records_to_table(
        "outbox", schema_name="bare", records=list(zip(ids, bodies, strict=True)), columns=["event_id", "body"]
    )
    await database.execute("vacuum analyze echo.outbox")
    await database.execute("vacuum analyze bare.outbox")


async def _consume(runtime: Runtime, total: int) -> None:
    done, seen = asyncio.Event(), 0

    async def receive(bodies: Sequence[bytes]) -> None:
        nonlocal seen
        await deliver(runtime, bodies)
        seen += len(bodies)
        if seen >= total:
            done.set()

    consuming = asyncio.create_task(runtime.transport.consume("echo", receive))
    await done.wait()
    # The acknowledgement of the last batch follows the handler.
    while await runtime.transport.depth("echo"):
        await asyncio.sleep(0.005)
    consuming.cancel()
    await asyncio.gather(consuming, return_exceptions=True)


async def _publish_singly(url: str, name: str) -> None:
    broker = await aio_pika.connect(url)
    channel = await broker.channel()
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", "x-expires": 600_000})
    now = datetime.now(UTC)
    for _ in range(BACKLOG // 500):
        events = [event(now) for _ in range(500)]
        messages = [aio_pika.Message(body, message_id=str(event_id), delivery_mode=2) for event_id, body in events]
        await asyncio.gather(*(channel.default_exchange.publish(message, queue.name) for message in messages))
    await broker.close()


def _latency(here: Stage) -> list[Ratio]:
    ways = {
        "postgres": ("tests.bench.echo", {"HEED_RABBITMQ_URL": ""}, "echo"),
        "rabbitmq": ("tests.bench.echo", {}, "echo"),
        "notify": ("tests.bench.bare notify", {}, "bare"),
        "one by one": ("tests.bench.bare rabbitmq", {}, "bare"),
    }
    p99: dict[tuple[str, int], list[float]] = {}
    for _ in range(ROUNDS):
        for name, (module, environment, schema) in ways.items():
            for rate in (200, 1000):
                if (name, rate) != ("one by one", 1000):
                    found = _paced(here, module, environment, schema, rate)
                    p99.setdefault((name, rate), []).append(found)
    at = p99.__getitem__
    notify, singly = at(("notify", 1000)), at(("one by one", 200))
    return [
        Ratio("p99 at 1,000/s on rabbitmq ÷ bare LISTEN/NOTIFY", divided(at(("rabbitmq", 1000)), notify), at_most=3),
        Ratio("p99 at 1,000/s on postgres ÷ bare LISTEN/NOTIFY", divided(at(("postgres", 1000)), notify), at_most=1.5),
        Ratio(
            "p99 at 200/s on rabbitmq ÷ RabbitMQ event by event", divided(at(("rabbitmq", 200)), singly), at_most=1.5
        ),
        Ratio(
            "p99 at 200/s on postgres ÷ RabbitMQ event by event", divided(at(("postgres", 200)), singly), at_most=1.5
        ),
    ]


def _paced(here: Stage, module: str, environment: dict[str, str], schema: str, rate: int) -> float:
    """99th percentile in milliseconds from when an event was due to its consumer's commit."""
    process = subprocess.Popen(
        [sys.executable, "-m", *module.split()],
        cwd=ROOT,
        env=os.environ | here.environment | environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline().strip() != "ready":
        raise RuntimeError(f"{module} did not start")
    time.sleep(1)
    asyncio.run(_produce(here, schema, rate))
    time.sleep(1)
    process.send_signal(signal.SIGTERM)
    found = json.loads(process.stdout.readline())
    process.wait(30)
    if found["n"] < rate * SECONDS:
        raise RuntimeError(f"{module}: {found['n']} of {rate * SECONDS:.0f} events arrived")
    return float(found["p99"])


async def _produce(here: Stage, schema: str, rate: int) -> None:
    """Commit each event when it is due, with all others that are due by then: none waits for a slow one's answer."""
    connection = await asyncpg.connect(here.databases.url)
    start, made = datetime.now(UTC), 0
    while made < rate * SECONDS:
        now = datetime.now(UTC)
        due = min(int((now - start).total_seconds() * rate), int(rate * SECONDS))
        events = [event(start + timedelta(seconds=number / rate)) for number in range(made, due)]
        if events:
            await _commit(connection, schema, events)
        made = due
        await asyncio.sleep(0.001)
    await connection.close()


async def _commit(connection: asyncpg.Connection, schema: str, events: Sequence[tuple[UUID, bytes]]) -> None:
    ids, bodies = [event_id for event_id, _ in events], [body for _, body in events]
    if schema == "echo":
        statement = "insert into echo.outbox (event_id, account_id, type, body) select i, $3, $4, b"
        await connection.execute(
            f"{statement} from unnest($1::uuid[], $2::bytea[]) e(i, b)", ids, bodies, ACCOUNT, TYPE
        )
        return
    async with connection.transaction():
        await connection.execute(
            "insert into bare.outbox (event_id, body) select * from unnest($1::uuid[], $2::bytea[])", ids, bodies
        )
        await connection.execute("notify bare")

"""Activities by the thousand: read, checked, their customers found, each once and with its event, against COPY and
against plain INSERTs of the same rows.

After each import its rows are read back and written into tables with the same columns, indexes and constraints: by
COPY, as fast as PostgreSQL takes them, and by INSERT, a row a statement in one transaction, as a hand-written script
would.
"""

import asyncio
import io
import json
import time
from contextlib import ExitStack
from urllib.request import Request, urlopen

import asyncpg

from shared.ids import new_id
from tests.bench.machine import server
from tests.bench.report import Ratio, divided
from tests.bench.stage import Stage, stage

ROUNDS, ROWS, CUSTOMERS = 5, 20_000, 2_000
TABLES = ("activities", "outbox")


def bench() -> list[Ratio]:
    with stage() as here, ExitStack() as servers:
        port, _ = servers.enter_context(server(["-m", "services", "customers", "web"], here.environment))
        asyncio.run(_mirror_tables(here))
        rates: dict[str, list[float]] = {"ndjson": [], "copy": [], "csv": [], "insert": []}
        _send(here, port, _csv(), "text/csv")
        asyncio.run(_clear(here))
        for _ in range(ROUNDS):
            rates["ndjson"].append(_rate(here, port, _ndjson(), "application/x-ndjson"))
            rates["copy"].append(asyncio.run(_by_copy(here)))
            rates["csv"].append(_rate(here, port, _csv(), "text/csv"))
            rates["insert"].append(asyncio.run(_by_insert(here)))
    return [
        Ratio("activities, NDJSON ÷ COPY of the same rows", divided(rates["ndjson"], rates["copy"]), at_least=0.1),
        Ratio("activities, CSV ÷ INSERTs of the same rows", divided(rates["csv"], rates["insert"]), at_least=0.5),
    ]


def _ndjson() -> bytes:
    run = new_id()
    lines = (
        json.dumps(
            {
                "customer": {"external_id": f"c-{number % CUSTOMERS}", "email": f"c{number % CUSTOMERS}@example.com"},
                "kind": "purchase",
                "occurred_at": f"2026-01-{number % 28 + 1:02}T12:00:00Z",
                "amount": {"amount": "49.90", "currency": "EUR"},
                "touchpoint": "web-shop",
                "properties": {"sku": f"s-{number % 100}"},
                "source": "shop",
                "source_id": f"{run}-{number}",
            }
        )
        for number in range(ROWS)
    )
    return "\n".join(lines).encode()


def _csv() -> bytes:
    run = new_id()
    customer = "customer.external_id,customer.email"
    header = f"{customer},kind,occurred_at,amount,currency,touchpoint,properties.sku,source,source_id"
    rows = (
        f"c-{number % CUSTOMERS},c{number % CUSTOMERS}@example.com,purchase,2026-01-{number % 28 + 1:02}T12:00:00Z,"
        f"49.90,EUR,web-shop,s-{number % 100},shop,{run}-{number}"
        for number in range(ROWS)
    )
    return "\n".join([header, *rows]).encode()


def _rate(here: Stage, port: int, content: bytes, kind: str) -> float:
    started = time.perf_counter()
    created = _send(here, port, content, kind)
    took = time.perf_counter() - started
    if created != ROWS:
        raise RuntimeError(f"{created} of {ROWS} activities were recorded")
    return ROWS / took


def _send(here: Stage, port: int, content: bytes, kind: str) -> int:
    headers = {"Authorization": f"Bearer {here.token}", "Content-Type": kind}
    with urlopen(Request(f"http://127.0.0.1:{port}/v1/activities/bulk", content, headers, method="POST")) as answer:
        created: int = json.load(answer)["created"]
    return created


async def _mirror_tables(here: Stage) -> None:
    database = await asyncpg.connect(here.databases.url)
    await database.execute("create schema mirror")
    for table in TABLES:
        await database.execute(f"create table mirror.{table} (like customers.{table} including all)")
    await database.close()


async def _by_copy(here: Stage) -> float:
    """COPY what the import has just stored, then clear both sides for the next round."""
    database = await asyncpg.connect(here.databases.url)
    contents = {}
    for table in TABLES:
        held = io.BytesIO()
        await database.copy_from_table(table, schema_name="customers", output=held)
        held.seek(0)
        contents[table] = held
    started = time.perf_counter()
    async with database.transaction():
        for table, held in contents.items():
            await database.copy_to_table(table, schema_name="mirror", source=held)
    took = time.perf_counter() - started
    await database.close()
    await _clear(here)
    return ROWS / took


async def _by_insert(here: Stage) -> float:
    """The same rows, a statement each."""
    database = await asyncpg.connect(here.databases.url)
    took = 0.0
    async with database.transaction():
        for table in TABLES:
            rows = [tuple(row) for row in await database.fetch(f"select * from customers.{table}")]
            places = ", ".join(f"${place + 1}" for place in range(len(rows[0])))
            insert = await database.prepare(f"insert into mirror.{table} overriding system value values ({places})")
            started = time.perf_counter()
            for row in rows:
                await insert.fetch(*row)
            took += time.perf_counter() - started
    await database.close()
    await _clear(here)
    return ROWS / took


async def _clear(here: Stage) -> None:
    database = await asyncpg.connect(here.databases.url)
    for schema in ("mirror", "customers"):
        await database.execute(f"truncate {', '.join(f'{schema}.{table}' for table in TABLES)}")
    await database.close()

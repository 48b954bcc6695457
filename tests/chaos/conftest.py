"""Processes to kill, and a count of what became of each event."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from shared.contracts.gateway import APIKeyCreated
from shared.ids import new_id
from shared.service import Runtime, open_runtime
from shared.testing.databases import Databases
from shared.testing.servers import RABBITMQ_URL
from tests.shared.bus.probe import create_probe_database, probe, raw_event, until

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="session")
async def databases(worker_id: str) -> Databases:
    return await create_probe_database(worker_id)


class Stand:
    """One bus with a probe on it: put events in, start and kill its worker, count effects."""

    def __init__(self, databases: Databases, rabbitmq_url: str) -> None:
        self.databases = databases
        self.rabbitmq_url = rabbitmq_url
        self.prefix = f"chaos-{new_id().hex[-10:]}"
        self.account = new_id()
        self.ids: list[UUID] = []
        self._processes: list[subprocess.Popen[str]] = []
        self._admin: asyncpg.Connection | None = None

    async def admin(self) -> asyncpg.Connection:
        if self._admin is None:
            self._admin = await asyncpg.connect(self.databases.url)
        return self._admin

    def settings(self) -> dict[str, Any]:
        made = self.databases.settings(probe(), rabbitmq_url=self.rabbitmq_url, bus_prefix=self.prefix)
        names = ("database_url", "rabbitmq_url", "bus_prefix", "log_level")
        secrets = {"database_secret": made.database_secret.get_secret_value()}
        return {name: getattr(made, name) for name in names} | secrets

    def open_runtime(self) -> Runtime:
        """The probe in this process, for what is not to be killed."""
        service = probe()
        settings = self.databases.settings(service, rabbitmq_url=self.rabbitmq_url, bus_prefix=self.prefix)
        return open_runtime(service, settings)

    async def commit_events(self, count: int, name: str = "healthy") -> None:
        """Events as committed transactions leave them: rows in the outbox."""
        rows = []
        for _ in range(count):
            event_id = new_id()
            payload = APIKeyCreated(api_key_id=event_id, name=name, scopes=())
            body = raw_event(account=self.account, event_id=event_id, payload=payload)
            rows.append((event_id, self.account, APIKeyCreated.TYPE, body))
            self.ids.append(event_id)
        insert = "insert into probe.outbox (event_id, account_id, type, body) values ($1, $2, $3, $4)"
        await (await self.admin()).executemany(insert, rows)

    def start(
        self,
        *,
        guards_off: Sequence[str] = (),
        hang: bool = False,
        slow_ack: float = 0,
        pause_in_batch: float = 0,
        pause_after_claim: float = 0,
        lease_seconds: float = 60,
    ) -> "subprocess.Popen[str]":
        """A worker process, once it says that it is ready."""
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.victim"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._processes.append(process)
        assert process.stdin is not None
        plan = {"settings": self.settings(), "guards_off": list(guards_off), "hang": hang, "slow_ack": slow_ack}
        plan |= {"pause_in_batch": pause_in_batch, "pause_after_claim": pause_after_claim}
        plan |= {"lease_seconds": lease_seconds}
        process.stdin.write(json.dumps(plan) + "\n")
        process.stdin.flush()
        wait_for(process, "ready")
        return process

    async def schedule(self, count: int) -> None:
        """Timers that are due at the same second, now."""
        self.ids += [new_id() for _ in range(count)]
        insert = """
            insert into probe.timers (id, account_id, kind, key, due_at, payload, correlation_id)
            select gen_random_uuid(), $1, $2, id::text, date_trunc('second', now()), '{}', id
            from unnest($3::uuid[]) id
        """
        await (await self.admin()).execute(insert, self.account, "probe.rings", self.ids[-count:])

    async def effects(self) -> Counter[UUID]:
        """How often each event had its effect."""
        rows = await (await self.admin()).fetch(
            "select event_id from probe.effects where account_id = $1", self.account
        )
        return Counter(row["event_id"] for row in rows)

    async def dead_letters(self) -> int:
        count: int = await (await self.admin()).fetchval(
            "select count(*) from probe.inbox where account_id = $1 and state = 'dead'", self.account
        )
        return count

    async def all_done(self, seconds: float = 60) -> Counter[UUID]:
        """Effects once each event has had one. Raises `TimeoutError`."""

        async def complete() -> bool:
            return set(self.ids) <= set(await self.effects())

        await until(complete, seconds=seconds)
        return await self.effects()

    async def settled(self, seconds: float = 60) -> Counter[UUID]:
        """Effects once nothing is on its way any more, what a killed worker held included. Raises `TimeoutError`."""
        runtime = self.open_runtime()
        admin = await self.admin()

        async def quiet() -> bool:
            waiting = await admin.fetchval("select count(*) from probe.outbox where account_id = $1", self.account)
            return not waiting and not await runtime.transport.depth("probe")

        try:
            await runtime.transport.open()
            await self.all_done(seconds)
            await until(quiet, seconds=seconds)
        finally:
            await runtime.transport.close()
            await runtime.database.close()
        return await self.effects()

    async def close(self) -> None:
        for process in self._processes:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    with suppress(BrokenPipeError):
                        stream.close()
        if self._admin is not None:
            await self._admin.close()
        if self.rabbitmq_url:
            await delete_queues(self.rabbitmq_url, self.prefix, "probe")


def wait_for(process: "subprocess.Popen[str]", word: str) -> None:
    """Blocks until the process prints the word: what happens next must hit it in that moment."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == word:
            return
    raise AssertionError(f"the process ended before it was {word}")


async def delete_queues(url: str, prefix: str, *queues: str) -> None:
    """The broker may be one that stays."""
    from shared.bus.rabbitmq import RabbitMQTransport

    connection = await RabbitMQTransport(url, prefix=prefix).connect()
    channel = await connection.channel()
    for name in (*queues, "dead"):
        await channel.queue_delete(f"{prefix}.{name}", if_unused=False, if_empty=False)
    for name in ("events", "dead"):
        await channel.exchange_delete(f"{prefix}.{name}")
    await connection.close()


@pytest.fixture(params=["postgres", pytest.param("rabbitmq", marks=pytest.mark.rabbitmq)])
async def stand(request: pytest.FixtureRequest, databases: Databases) -> AsyncIterator[Stand]:
    made = Stand(databases, os.environ[RABBITMQ_URL] if request.param == "rabbitmq" else "")
    yield made
    await made.close()

"""The real servers of one test run: named by the environment, found on this machine, or started for the run.

The process that starts pytest owns them; its worker processes learn their addresses from the environment.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from shared.embedded.cluster import prepare_cluster
from shared.embedded.home import DataHome
from shared.embedded.server import PrivatePostgres
from shared.testing.rabbitmq import PrivateRabbitMQ, find_script, speaks_amqp

DATABASE_URL = "HEED_TEST_DATABASE_URL"
RABBITMQ_URL = "HEED_TEST_RABBITMQ_URL"
RUN = "HEED_TEST_RUN"
FOLDER = "HEED_TEST_FOLDER"
LOCAL_BROKER = ("localhost", 5672)


class Servers:
    """Starts on `start`, and on `stop` takes away all it brought. Blocking: it runs before any event loop."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="heed-tests-"))
        # PostgreSQL's account must be able to pass when the tests run as root.
        self._folder.chmod(0o711)
        self._postgres: PrivatePostgres | None = None
        self._rabbitmq: PrivateRabbitMQ | None = None
        os.environ[FOLDER] = str(self._folder)
        os.environ[RUN] = f"heed-test-{secrets.token_hex(4)}"

    def start(self, *, postgres: bool, rabbitmq: bool) -> None:
        """Only what is asked for. Without any RabbitMQ the address stays unset, and its tests say so."""
        with ThreadPoolExecutor() as both:
            jobs = [both.submit(self._start_postgres)] if postgres and not os.environ.get(DATABASE_URL) else []
            if rabbitmq and not os.environ.get(RABBITMQ_URL):
                jobs.append(both.submit(self._find_rabbitmq))
            for job in jobs:
                job.result()

    def stop(self) -> None:
        if self._postgres is not None:
            asyncio.run(self._postgres.stop())
            shutil.rmtree(self._postgres.data_folder.parent, ignore_errors=True)
        if self._rabbitmq is not None:
            self._rabbitmq.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def sweep(self, queues: Sequence[str]) -> None:
        """Take this run's queues, by the names of their services, off a broker that stays."""
        url = os.environ.get(RABBITMQ_URL)
        if url and self._rabbitmq is None:
            asyncio.run(_delete(url, os.environ[RUN], queues))

    def _start_postgres(self) -> None:
        home = DataHome(self._folder / "postgresql")
        # Nothing in it outlives the run, so nothing in it waits for the disk.
        cluster = prepare_cluster(home, durable=False)
        self._postgres = PrivatePostgres(cluster, home.log / "postgres.log")
        asyncio.run(self._postgres.start())
        os.environ[DATABASE_URL] = self._postgres.url

    def _find_rabbitmq(self) -> None:
        host, port = LOCAL_BROKER
        if speaks_amqp(host, port) and asyncio.run(_takes_guest(host, port)):
            os.environ[RABBITMQ_URL] = f"amqp://guest:guest@{host}:{port}/"
        elif script := find_script():
            self._rabbitmq = PrivateRabbitMQ(self._folder / "rabbitmq", script)
            self._rabbitmq.start()
            os.environ[RABBITMQ_URL] = self._rabbitmq.url


async def _takes_guest(host: str, port: int) -> bool:
    import aio_pika

    try:
        connection = await aio_pika.connect(f"amqp://guest:guest@{host}:{port}/", timeout=5)
    except (OSError, TimeoutError, aio_pika.exceptions.AMQPError):
        return False
    await connection.close()
    return True


async def _delete(url: str, prefix: str, queues: Sequence[str]) -> None:
    import aio_pika

    connection = await aio_pika.connect(url, timeout=5)
    async with connection, connection.channel() as channel:
        for name in (*queues, "dead"):
            # A quorum queue of an older broker refuses the conditions that are the client's default.
            await channel.queue_delete(f"{prefix}.{name}", if_unused=False, if_empty=False)
        for name in ("events", "dead"):
            await channel.exchange_delete(f"{prefix}.{name}")

"""The private PostgreSQL of an embedded Heed: started, watched, started again when it dies, stopped last."""

import asyncio
import logging
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg

from shared.embedded.cluster import HOST, SUPERUSER, Cluster, prepare_cluster
from shared.embedded.errors import CannotStart, PostgresFailed
from shared.embedded.home import DataHome

DATABASE = "heed"
LOOK_SECONDS = 0.5
LOOK_ADOPTED_SECONDS = 2
# Replaying the log after a crash may take minutes; as long as the process lives there is no reason to give up.
START_SECONDS = 600
STOP_SECONDS = 120
LOG_LIMIT_BYTES = 10_000_000
ATTEMPTS = 20

logger = logging.getLogger(__name__)

# What a connection attempt raises while the server is not there, is starting, or is somebody else's.
_NOT_READY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)
_PORT_TAKEN = ("could not bind", "could not create any TCP/IP sockets")
# A server that was killed, or whose supervisor was, needs a moment to let go of the folder and its shared memory.
_LEFTOVERS = ("postmaster.pid", "shared memory")


class PrivatePostgres:
    """`process` is our child, or None when a server that outlived its supervisor was adopted."""

    def __init__(self, cluster: Cluster, log_file: Path) -> None:
        self._cluster = cluster
        self._log_file = log_file
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Of the database `heed`, as the cluster's superuser."""
        return self._url(DATABASE)

    @property
    def data_folder(self) -> Path:
        return self._cluster.data

    async def start(self) -> None:
        """Adopt the server that answers with our password, else start one. Returns when it takes connections."""
        if (self._cluster.data / "postmaster.pid").exists() and await self.answers():
            logger.info("adopted the PostgreSQL that was still running")
        else:
            await self._launch()
        await self._create_database()

    async def watch(self) -> None:
        """Start the server again whenever it dies, until cancelled. Its users find it at the same address."""
        while True:
            await asyncio.sleep(LOOK_SECONDS if self.process else LOOK_ADOPTED_SECONDS)
            self._rotate_log()
            if await self._is_alive():
                continue
            logger.warning("PostgreSQL has stopped; starting it again")
            try:
                await self._launch(same_port=True)
            except CannotStart as error:
                logger.error("PostgreSQL does not start: %s", error)

    async def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is written. Never SIGKILL."""
        process = self.process
        if process is None:
            self._stop_adopted()
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            logger.error("PostgreSQL is still writing; it was told to stop and will end by itself")

    async def _launch(self, *, same_port: bool = False) -> None:
        """Start our own child, or adopt the server that turns out to hold the data folder. Raises `PostgresFailed`."""
        for _ in range(ATTEMPTS):
            self._spawn()
            if await self._comes_up():
                return
            said = self._last_words()
            if any(words in said for words in _PORT_TAKEN):
                if not same_port:
                    self._cluster.choose_port()
            elif not any(words in said for words in _LEFTOVERS):
                break
            await asyncio.sleep(LOOK_SECONDS)
            if await self.answers():
                self.process = None
                return
        raise PostgresFailed(f"PostgreSQL did not start; its log is {self._log_file}:", self._last_words())

    def _spawn(self) -> None:
        # The log is opened by us and handed over: it may lie where PostgreSQL's account cannot go.
        with self._log_file.open("ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                self._cluster.server_command(),
                **self._cluster.account.popen_options(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._cluster.data,
                start_new_session=True,  # Ctrl-C is for the supervisor, which stops the database last
            )

    async def _comes_up(self) -> bool:
        """Whether the child took a connection before it ended. Raises `PostgresFailed` after ten minutes."""
        assert self.process is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + START_SECONDS
        while loop.time() < deadline:
            if self.process.poll() is not None:
                return False
            if await self.answers():
                return True
            await asyncio.sleep(0.03)
        raise PostgresFailed(f"PostgreSQL takes too long to start; its log is {self._log_file}:", self._last_words())

    async def _is_alive(self) -> bool:
        if self.process is not None:
            return self.process.poll() is None
        try:
            _, writer = await asyncio.wait_for(asyncio.open_connection(HOST, self._cluster.port), 5)
        except (OSError, TimeoutError):
            return False
        writer.close()
        return True

    async def answers(self) -> bool:
        """Whether a connection with our password succeeds right now."""
        try:
            connection = await asyncpg.connect(self._url("postgres"), timeout=5, ssl=False)
        except _NOT_READY:
            return False
        await connection.close()
        return True

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self._url("postgres"), timeout=30, ssl=False)
        try:
            if not await connection.fetchval("select 1 from pg_database where datname = $1", DATABASE):
                await connection.execute(f'create database "{DATABASE}"')
        finally:
            await connection.close()

    def _stop_adopted(self) -> None:
        options = self._cluster.account.popen_options()
        command = [self._cluster.binaries.program("pg_ctl"), "stop", "-D", str(self._cluster.data), "-m", "fast"]
        subprocess.run([*command, "-t", str(STOP_SECONDS)], **options, capture_output=True, cwd="/")

    def _rotate_log(self) -> None:
        """Copy and cut: the server keeps writing to the same open file."""
        if self._log_file.stat().st_size > LOG_LIMIT_BYTES:
            shutil.copyfile(self._log_file, self._log_file.with_suffix(".log.1"))
            os.truncate(self._log_file, 0)

    def _last_words(self) -> str:
        with self._log_file.open("rb") as log:
            log.seek(self._log_start)
            return log.read()[-2000:].decode(errors="replace")

    def _url(self, database: str) -> str:
        return f"postgresql://{SUPERUSER}:{self._cluster.password}@{HOST}:{self._cluster.port}/{database}"


@asynccontextmanager
async def private_postgres(home: DataHome, *, durable: bool = True) -> AsyncIterator[PrivatePostgres]:
    """A running server for the length of the block. The caller holds `home.locked()`. Raises `CannotStart`."""
    cluster = await asyncio.to_thread(prepare_cluster, home, durable=durable)
    server = PrivatePostgres(cluster, home.log / "postgres.log")
    try:
        await server.start()
        watching = asyncio.create_task(server.watch())
        try:
            yield server
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching
    finally:
        await server.stop()

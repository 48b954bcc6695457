"""The private PostgreSQL: it starts from nothing, survives every kill, and says plainly when it cannot start."""

import asyncio
import os
import signal
import socket
import stat
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from shared.embedded.account import choose_account
from shared.embedded.cluster import prepare_cluster
from shared.embedded.errors import (
    AlreadyRunning,
    DataFolderNotWritable,
    FolderOutOfReach,
    OtherMajor,
    PostgresMissing,
)
from shared.embedded.home import DataHome
from shared.embedded.server import PrivatePostgres, private_postgres

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")
NOT_AS_ROOT = pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataHome]:
    """In a folder with a space; pytest's own temporary folders are closed to the account that root's server gets."""
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o711)
        monkeypatch.setenv("HEED_POSTGRES_HOME", f"{open_folder}/heed")
        yield DataHome(tmp_path / "data home")


@pytest.fixture
async def server(home: DataHome) -> AsyncIterator[PrivatePostgres]:
    async with private_postgres(home, durable=False) as server:
        yield server


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 20) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.02)


async def value(server: PrivatePostgres, statement: str) -> object:
    connection = await asyncpg.connect(server.url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


class TestStarting:
    async def test_it_brings_up_a_database_from_nothing(self, server: PrivatePostgres) -> None:
        assert await value(server, "select current_database()") == "heed"
        assert await value(server, "select lower('ÄÖÉ')") == "äöé"

    async def test_a_second_start_keeps_data_and_address(self, home: DataHome) -> None:
        async with private_postgres(home, durable=False) as first:
            await value(first, "create table kept as select 42 as answer")
        async with private_postgres(home, durable=False) as second:
            assert second.url == first.url
            assert await value(second, "select answer from kept") == 42

    async def test_nobody_gets_in_without_the_password(self, server: PrivatePostgres) -> None:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(server.url.replace("heed:", "heed:x"))

    async def test_only_the_owner_may_read_the_password(self, home: DataHome, server: PrivatePostgres) -> None:
        assert stat.S_IMODE((home.room / "password").stat().st_mode) == 0o600
        assert stat.S_IMODE(server.data_folder.stat().st_mode) == 0o700

    async def test_a_stopped_initdb_is_begun_anew(self, home: DataHome) -> None:
        cluster = prepare_cluster(home, durable=False)
        # As if the power had failed just before the folder got its name.
        cluster.data.rename(cluster.data.with_name(f".{cluster.data.name}.new"))
        async with private_postgres(home, durable=False) as server:
            assert await value(server, "select 1") == 1

    async def test_it_moves_when_its_port_was_taken_meanwhile(self, home: DataHome) -> None:
        cluster = prepare_cluster(home, durable=False)
        with socket.create_server(("127.0.0.1", cluster.port)):
            async with private_postgres(home, durable=False) as server:
                assert await value(server, "select 1") == 1

    @AS_ROOT
    async def test_for_root_it_runs_as_an_account_without_rights(self, server: PrivatePostgres) -> None:
        assert server.process is not None
        assert Path(f"/proc/{server.process.pid}").stat().st_uid == choose_account(Path("/nowhere")).uid != 0


class TestDying:
    async def test_a_killed_server_comes_back_at_its_address_with_its_data(self, home: DataHome) -> None:
        async with private_postgres(home) as server:
            address, killed = server.url, server.process
            await value(server, "create table kept as select 42 as answer")
            assert killed is not None
            os.kill(killed.pid, signal.SIGKILL)

            async def is_back() -> bool:
                return server.process is not killed and await server.answers()

            await until(is_back)
            assert server.url == address
            assert await value(server, "select answer from kept") == 42

    async def test_a_server_that_outlived_its_supervisor_is_adopted_and_stopped(self, home: DataHome) -> None:
        orphan = PrivatePostgres(prepare_cluster(home, durable=False), home.log / "postgres.log")
        await orphan.start()
        assert orphan.process is not None
        async with private_postgres(home, durable=False) as server:
            assert server.process is None
            assert await value(server, "select 1") == 1
        assert await asyncio.to_thread(orphan.process.wait, 20) == 0

    async def test_an_adopted_server_that_dies_is_started_again(self, home: DataHome) -> None:
        orphan = PrivatePostgres(prepare_cluster(home, durable=False), home.log / "postgres.log")
        await orphan.start()
        async with private_postgres(home, durable=False) as server:
            assert orphan.process is not None
            os.kill(orphan.process.pid, signal.SIGKILL)
            orphan.process.wait()

            async def is_ours() -> bool:
                return server.process is not None and await server.answers()

            await until(is_ours)


class TestRefusing:
    async def test_a_second_copy_on_the_same_folder(self, home: DataHome) -> None:
        with home.locked("http://localhost:8000"), pytest.raises(AlreadyRunning) as refusal:
            with home.locked():
                pass
        assert str(home.folder) in str(refusal.value)
        assert "http://localhost:8000" in str(refusal.value)

    async def test_a_folder_of_another_major(self, home: DataHome) -> None:
        cluster = prepare_cluster(home, durable=False)
        cluster.data.rename(cluster.data.with_name("14"))
        with pytest.raises(OtherMajor, match="made by PostgreSQL 14"):
            prepare_cluster(home)

    async def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(DataFolderNotWritable, match="HEED_HOME"):
            DataHome(tmp_path / "file" / "data").prepare()

    @NOT_AS_ROOT
    async def test_a_folder_without_write_permission(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir(mode=0o500)
        with pytest.raises(DataFolderNotWritable, match="permission denied"):
            DataHome(tmp_path / "data").prepare()

    async def test_a_machine_without_postgresql(self, home: DataHome, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HEED_POSTGRES_BIN", "/nowhere")
        with pytest.raises(PostgresMissing, match="HEED_DATABASE_URL"):
            prepare_cluster(home)

    @AS_ROOT
    async def test_a_cluster_that_was_moved_where_its_account_cannot_go(self, home: DataHome) -> None:
        home.prepare()
        (home.folder / "postgres").mkdir()
        home.folder.chmod(0o700)
        with pytest.raises(FolderOutOfReach):
            prepare_cluster(home)

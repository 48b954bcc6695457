"""A PostgreSQL cluster on disk: made once by initdb, whole or not at all, and the settings it is run with."""

import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from shared.embedded.account import Account, choose_account
from shared.embedded.binaries import Binaries, find_binaries, within_reach
from shared.embedded.errors import OtherMajor, PostgresFailed
from shared.embedded.home import DataHome, write_private

SUPERUSER = "heed"
HOST = "127.0.0.1"
BUILTIN_LOCALE_SINCE = 17
ASYNC_IO_SINCE = 18


@dataclass(frozen=True, slots=True)
class Cluster:
    """`room` holds the password, the port and one data folder per PostgreSQL major."""

    room: Path
    data: Path
    account: Account
    binaries: Binaries
    durable: bool

    @property
    def password(self) -> str:
        return (self.room / "password").read_text().strip()

    @property
    def port(self) -> int:
        return int((self.room / "port").read_text())

    def choose_port(self) -> int:
        """A free port, remembered: the address stays the same from start to start."""
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            port = int(probe.getsockname()[1])
        write_private(self.room / "port", f"{port}\n")
        return port

    def server_command(self) -> list[str]:
        options = [f"--{name}={value}" for name, value in self._settings().items()]
        return [self.binaries.program("postgres"), "-D", str(self.data), *options]

    def _settings(self) -> dict[str, str]:
        settings = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "120",
            # Small on purpose: a laptop's share. A business that outgrows this points HEED_DATABASE_URL elsewhere.
            "shared_buffers": "24MB",
            "max_wal_size": "512MB",
            "work_mem": "8MB",
            "jit": "off",
            "max_worker_processes": "2",
            "max_parallel_workers": "0",
            "max_parallel_workers_per_gather": "0",
            "autovacuum_max_workers": "2",
            # No replica ever reads this log.
            "wal_level": "minimal",
            "max_wal_senders": "0",
            "max_logical_replication_workers": "0",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements and the DETAIL of an error carry customers' data, which has no business in a log.
            "log_line_prefix": "%m [%p] %u ",
            "log_min_messages": "warning",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_checkpoints": "off",
        }
        if self.binaries.major >= ASYNC_IO_SINCE:
            settings["io_method"] = "sync"  # three worker processes less
        if not self.durable:
            settings |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        return settings


def prepare_cluster(home: DataHome, *, durable: bool = True) -> Cluster:
    """Find the programs and the account, and make the data folder if there is none. Raises `CannotStart`."""
    home.prepare()
    binaries = find_binaries()
    account = choose_account(home.room / str(binaries.major))
    room = home.choose_room(account)
    cluster = Cluster(room, room / str(binaries.major), account, within_reach(binaries, account, room), durable)
    _require_same_major(cluster)
    if not (room / "password").exists():
        write_private(room / "password", secrets.token_urlsafe(32) + "\n")
    if not cluster.data.exists():
        _initialise(cluster)
    if not (room / "port").exists():
        cluster.choose_port()
    return cluster


def _require_same_major(cluster: Cluster) -> None:
    version_file = cluster.data / "PG_VERSION"
    stored = [int(version_file.read_text())] if version_file.exists() else []
    stored += [int(path.name) for path in cluster.room.iterdir() if path.name.isdigit()]
    others = [major for major in stored if major != cluster.binaries.major]
    if others:
        raise OtherMajor(cluster.room, max(others), cluster.binaries.major)


def _initialise(cluster: Cluster) -> None:
    # Made beside its place and renamed at the end: whatever stops initdb, the next start finds all or nothing.
    unfinished = cluster.room / f".{cluster.data.name}.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    cluster.account.own(unfinished)
    with tempfile.TemporaryDirectory(dir=cluster.room) as folder:
        handover = write_private(Path(folder) / "password", cluster.password)
        for path in (Path(folder), handover):
            cluster.account.own(path)
        command = [
            cluster.binaries.program("initdb"), "-D", str(unfinished), "--username", SUPERUSER, "--encoding", "UTF8",
            "--auth", "scram-sha-256", "--pwfile", str(handover), *_locale(cluster.binaries.major),
        ]  # fmt: skip
        if not cluster.durable:
            command.append("--no-sync")
        options = cluster.account.popen_options()
        done = subprocess.run(command, **options, capture_output=True, text=True, cwd=cluster.room)
    if done.returncode != 0:
        raise PostgresFailed("PostgreSQL could not make its data folder:", done.stderr[-2000:])
    unfinished.rename(cluster.data)


def _locale(major: int) -> list[str]:
    if major >= BUILTIN_LOCALE_SINCE:
        return ["--locale-provider", "builtin", "--locale", "C.UTF-8"]
    return ["--locale", "C.UTF-8" if sys.platform == "linux" else "C"]

"""A private RabbitMQ node for tests, from the system's own installation, on private ports, in a folder of its own."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

START_SECONDS = 60.0
# The wrapper on the PATH insists on root or on its own account; the script behind it does not.
SCRIPTS = (
    "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server",
    "/opt/rabbitmq/sbin/rabbitmq-server",
    "/opt/homebrew/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/opt/rabbitmq/sbin/rabbitmq-server",
    "/usr/local/sbin/rabbitmq-server",
)


class BrokerDidNotStart(Exception):
    """The end of what the node said is in the message."""


def find_script() -> Path | None:
    """The inner server script of an installed rabbitmq-server, if there is one and Erlang with it."""
    found = [path for pattern in SCRIPTS for path in Path("/").glob(pattern.lstrip("/"))]
    return found[0] if found and shutil.which("erl") and shutil.which("epmd") else None


class PrivateRabbitMQ:
    """Blocking on purpose: tests of outages call `kill` and `start` between two awaits."""

    def __init__(self, folder: Path, script: Path) -> None:
        self._folder, self._script = folder, script
        self.port, self._epmd_port, self._distribution_port = (_free_port() for _ in range(3))
        self._name = f"heed-{secrets.token_hex(4)}@localhost"
        self._epmd: subprocess.Popen[bytes] | None = None
        self._node: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "rabbitmq.conf").write_text("log.console.level = error\nloopback_users.guest = true\n")
        (folder / "plugins").write_text("[].\n")

    @property
    def url(self) -> str:
        return f"amqp://guest:guest@127.0.0.1:{self.port}/"

    @property
    def processes(self) -> list[int]:
        """Ids of what must be gone when the run is over."""
        return [child.pid for child in (self._node, self._epmd) if child is not None]

    def start(self) -> None:
        """Returns when the node takes connections. What it stored before is there again."""
        if self._epmd is None:
            # Started by us, so that it is ours to stop: a node would leave its own behind.
            self._epmd = self._spawn(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"])
            _await(lambda: _connects(self._epmd_port), self._epmd)
        self._node = self._spawn([str(self._script)])
        try:
            _await(lambda: speaks_amqp("127.0.0.1", self.port), self._node)
        except BrokerDidNotStart as problem:
            self.stop()
            said = (self._folder / "console.log").read_text(errors="replace")[-2000:]
            raise BrokerDidNotStart(f"{problem}\n{said}") from None

    def kill(self) -> None:
        """SIGKILL to the whole node, as when the machine dies."""
        if self._node is not None:
            _signal_group(self._node, signal.SIGKILL)
            self._node.wait()
            self._node = None
            # The script has ended; the machine behind it may hold the port for another moment.
            _await(lambda: not _connects(self.port))

    def stop(self) -> None:
        for child in (self._node, self._epmd):
            if child is not None:
                _signal_group(child, signal.SIGTERM)
                try:
                    child.wait(20)
                except subprocess.TimeoutExpired:
                    _signal_group(child, signal.SIGKILL)
                    child.wait()
        self._node = self._epmd = None

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        folder = self._folder
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(folder),  # the Erlang cookie is made here
            "LANG": "C.UTF-8",
            "RABBITMQ_NODENAME": self._name,
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._distribution_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "plugins"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
        }
        with (folder / "console.log").open("ab") as log:
            return subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )


def _signal_group(child: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, number)


def speaks_amqp(host: str, port: int) -> bool:
    """Whether a broker greets us there: an open port alone may be a node that is still starting, or dying."""
    try:
        with socket.create_connection((host, port), 2) as connection:
            connection.settimeout(5)
            connection.sendall(b"AMQP\x00\x00\x09\x01")
            # Frame type 1 is a method, the first of which is connection.start.
            return connection.recv(1) == b"\x01"
    except OSError:
        return False


def _connects(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True
    except OSError:
        return False


def _await(condition: Callable[[], bool], child: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not condition():
        if child is not None and child.poll() is not None:
            raise BrokerDidNotStart(f"it ended with status {child.returncode}")
        if time.monotonic() > deadline:
            raise BrokerDidNotStart(f"not there after {START_SECONDS:.0f} seconds")
        time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

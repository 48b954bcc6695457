"""`python -m services` as a person meets it: started, stopped, killed, refused; and the commands beside it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parent.parent
# Enough for a machine that does ten other things; nothing waits longer than it must.
PATIENCE_SECONDS = 240.0

pytestmark = pytest.mark.slow


class Heed:
    """One installation: a data home and a port."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "data home"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[str] | None = None
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("HEED_")} | {
            "HEED_HOME": str(self.home),
            "HEED_PORT": str(self.port),
            "HEED_POSTGRES_HOME": str(folder / "postgres"),
        }

    def command(self, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "services", *arguments],
            cwd=ROOT,
            env=self.environment | changes,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )

    def start(self) -> None:
        """Returns when it is ready."""
        self.begin()
        self.await_ready()

    def begin(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "services"],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def await_file(self, pattern: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not any(found for place in (self.home, self.home.parent) for found in place.glob(pattern)):
            assert time.monotonic() < deadline, f"{pattern} did not appear"
            time.sleep(0.01)

    def await_ready(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self.is_ready():
            assert self.process is not None
            if self.process.poll() is not None:
                assert self.process.stdout is not None
                pytest.fail(f"it ended with {self.process.returncode}: {self.process.stdout.read()}")
            assert time.monotonic() < deadline, "it did not become ready"
            time.sleep(0.05)

    def is_ready(self) -> bool:
        try:
            return bool(httpx.get(f"{self.url}/readyz", timeout=5).json()["status"] == "ready")
        except (httpx.HTTPError, ValueError):
            return False

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Exit status and everything that was printed."""
        assert self.process is not None
        self.process.send_signal(number)
        printed, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        status, self.process = self.process.returncode, None
        return status, printed

    @property
    def credentials(self) -> dict[str, str]:
        stored: dict[str, str] = json.loads((self.home / "credentials.json").read_text())
        return stored

    @property
    def postgres_pid(self) -> int:
        return int(next(self._pid_files()).read_text().split()[0])

    @property
    def postgres_runs(self) -> bool:
        """A server that ends properly takes its file with it."""
        return any(self._pid_files())

    def _pid_files(self) -> Iterator[Path]:
        pointer = self.home / "postgres.folder"
        room = Path(pointer.read_text().strip()) if pointer.exists() else self.home / "postgres"
        return room.glob("[0-9]*/postmaster.pid")

    def add_customer(self, email: str) -> httpx.Response:
        return httpx.post(
            f"{self.url}/v1/customers",
            headers={"Authorization": f"Bearer {self.credentials['api_key']}"},
            json={"email": email},
        )

    def has_customer(self, email: str, api_key: str) -> bool:
        answer = httpx.get(f"{self.url}/v1/customers", headers={"Authorization": f"Bearer {api_key}"})
        return answer.is_success and email in answer.text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="heed-commands-") as name:
        Path(name).chmod(0o711)  # as root, PostgreSQL's account passes here
        yield Path(name)


@pytest.fixture(scope="module")
def installation(folder: Path) -> Iterator[Heed]:
    heed = Heed(folder)
    yield heed
    if heed.process is not None:
        heed.end(signal.SIGTERM)


@pytest.fixture
def heed(installation: Heed) -> Heed:
    """Up, whatever the test before did to it."""
    if installation.process is None or installation.process.poll() is not None:
        installation.start()
    return installation


class TestStarting:
    def test_the_first_start_makes_an_account_that_only_its_owner_can_read(self, heed: Heed) -> None:
        assert set(heed.credentials) >= {"email", "password", "api_key"}
        for name in ("credentials.json", "secrets.json"):
            assert stat.S_IMODE((heed.home / name).stat().st_mode) == 0o600

    def test_a_second_start_keeps_the_account_and_ctrl_c_is_a_proper_end(self, heed: Heed) -> None:
        before = heed.credentials
        status, printed = heed.end(signal.SIGINT)
        assert status == 0
        assert f"http://localhost:{heed.port}" in printed
        assert "credentials.json" in printed
        assert before["password"] not in printed
        heed.start()
        assert heed.credentials == before
        assert heed.end(signal.SIGTERM)[0] == 0

    def test_a_second_copy_is_refused_in_words(self, heed: Heed) -> None:
        refused = heed.command()
        assert refused.returncode == 1
        assert "already running" in refused.stderr
        assert str(heed.home) in refused.stderr
        assert "Traceback" not in refused.stderr
        assert heed.is_ready()

    def test_a_taken_port_is_refused_before_anything_is_made(self, heed: Heed, tmp_path: Path) -> None:
        refused = heed.command(HEED_HOME=str(tmp_path / "other"))
        assert refused.returncode == 1
        assert f"Port {heed.port}" in refused.stderr
        assert "HEED_PORT" in refused.stderr
        assert "Traceback" not in refused.stderr
        assert not (tmp_path / "other" / "postgres").exists()

    @pytest.mark.parametrize("port", ["http", "0", "70000"])
    def test_what_is_no_port_is_refused(self, heed: Heed, port: str) -> None:
        refused = heed.command(HEED_PORT=port)
        assert (refused.returncode, "HEED_PORT" in refused.stderr) == (1, True)

    def test_a_wrong_setting_is_named(self, heed: Heed) -> None:
        refused = heed.command("gateway", "web", HEED_DATABASE_POOL_SIZE="none", HEED_PORT=str(free_port()))
        assert refused.returncode == 1
        assert "HEED_DATABASE_POOL_SIZE" in refused.stderr
        assert "Traceback" not in refused.stderr


class TestKills:
    def test_after_a_kill_of_everything_what_was_answered_is_there(self, heed: Heed) -> None:
        assert heed.add_customer("kept@example.org").is_success
        postgres = heed.postgres_pid
        assert heed.end(signal.SIGKILL)[0] == -signal.SIGKILL
        os.kill(postgres, signal.SIGKILL)
        heed.start()
        assert heed.has_customer("kept@example.org", heed.credentials["api_key"])

    def test_after_a_kill_of_the_program_its_database_is_taken_over(self, heed: Heed) -> None:
        postgres = heed.postgres_pid
        heed.end(signal.SIGKILL)
        heed.start()
        assert heed.postgres_pid == postgres
        assert heed.end(signal.SIGINT)[0] == 0
        assert not heed.postgres_runs

    def test_a_killed_database_comes_back_under_a_running_heed(self, heed: Heed) -> None:
        postgres = heed.postgres_pid
        os.kill(postgres, signal.SIGKILL)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (heed.is_ready() and heed.postgres_pid != postgres):
            assert time.monotonic() < deadline, "it did not recover"
            time.sleep(0.05)
        assert heed.add_customer("later@example.org").is_success


class TestFirstStartKilled:
    @pytest.mark.parametrize(
        "moment",
        ["postgres/**/.*.new", "postgres/**/postmaster.pid", "credentials.json"],
        ids=["initdb", "start", "end"],
    )
    def test_whenever_it_was_killed_the_next_start_is_a_good_one(self, moment: str, folder: Path) -> None:
        place = Path(tempfile.mkdtemp(prefix="killed ", dir=folder))
        place.chmod(0o711)
        heed = Heed(place)
        heed.begin()
        heed.await_file(moment)
        heed.end(signal.SIGKILL)
        heed.start()
        try:
            assert heed.add_customer("first@example.org").is_success
        finally:
            assert heed.end(signal.SIGINT)[0] == 0


class TestUpkeep:
    def test_migrate_beside_a_running_heed_finds_nothing_to_do(self, heed: Heed) -> None:
        done = heed.command("migrate")
        assert (done.returncode, "0 brought up to date" in done.stdout) == (0, True), done.stderr

    def test_there_are_no_dead_letters(self, heed: Heed) -> None:
        listed = heed.command("dead-letters", "list")
        assert (listed.returncode, listed.stdout) == (0, "No dead letters.\n"), listed.stderr

    def test_the_numbers_of_a_running_heed_are_verified(self, heed: Heed) -> None:
        done = heed.command("verify")
        assert (done.returncode, "1 accounts verified, 0 differ." in done.stdout) == (0, True), done.stderr

    def test_secrets_are_never_the_same_twice(self, heed: Heed) -> None:
        first, second = (heed.command("secrets").stdout.splitlines() for _ in range(2))
        assert [line.partition("=")[0] for line in first] == [line.partition("=")[0] for line in second]
        assert not set(first) & set(second)
        assert all("=" in line and len(line.partition("=")[2]) >= 24 for line in first)

    def test_a_backup_is_restored_into_an_empty_heed_only(self, heed: Heed, folder: Path) -> None:
        assert heed.add_customer("moved@example.org").is_success
        api_key, file = heed.credentials["api_key"], folder / "heed.dump"
        made = heed.command("backup", str(file))
        assert made.returncode == 0, made.stderr
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        other = Heed(folder / "other")
        (folder / "other").mkdir(mode=0o711)
        restored = other.command("restore", str(file))
        assert restored.returncode == 0, restored.stderr
        assert "holds data already" in other.command("restore", str(file)).stderr
        other.start()
        try:
            assert other.has_customer("moved@example.org", api_key)
        finally:
            other.end(signal.SIGTERM)

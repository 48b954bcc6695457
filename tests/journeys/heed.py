"""Heed as an operator has it: processes, started by the product's own commands, killed like any other."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parent.parent.parent
START_SECONDS = 60.0


class Heed:
    """One `python -m services` with its own home, or with arguments. `start` returns when it is ready."""

    def __init__(self, home: Path, environment: dict[str, str], *arguments: str) -> None:
        self.home = home
        self._arguments = arguments
        self.port = free_port()
        self._environment = environment
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def credentials(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.home / "credentials.json").read_text())
        return found

    def client(self) -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.credentials()['api_key']}"}
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=10)

    async def start(self) -> None:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HEED_")}
        own = {"HEED_HOME": str(self.home), "HEED_PORT": str(self.port)}
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "output.txt").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services", *self._arguments],
                cwd=ROOT,
                env=inherited | own | self._environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        await self._ready()

    async def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGINT)
        return await asyncio.to_thread(self.process.wait, 60)

    async def kill(self) -> None:
        """No goodbye."""
        assert self.process is not None
        self.process.kill()
        await asyncio.to_thread(self.process.wait)

    def output(self) -> str:
        return (self.home / "output.txt").read_text(errors="replace")

    async def _ready(self) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        async with httpx.AsyncClient(timeout=2) as client:
            while time.monotonic() < deadline:
                if self.process.poll() is not None:
                    raise AssertionError(f"Heed ended with {self.process.returncode}:\n{self.output()}")
                try:
                    if (await client.get(f"{self.url}/readyz")).status_code == 200:
                        return
                except httpx.HTTPError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError(f"not ready within {START_SECONDS:.0f} s:\n{self.output()}")


@asynccontextmanager
async def running_heed(home: Path, **environment: str) -> AsyncIterator[Heed]:
    heed = Heed(home, environment)
    await heed.start()
    try:
        yield heed
    finally:
        if heed.process is not None and heed.process.poll() is None:
            await heed.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

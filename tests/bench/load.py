"""A closed-loop HTTP/1.1 load generator in a process of its own: N connections, each sends when it has its answer.

It is one asyncio protocol per connection with hardly any parsing, so that it takes little of the cores that it shares
with what it measures. `python -m tests.bench.load` reads one JSON object from standard input and writes one.
"""

import asyncio
import hmac
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import cast
from uuid import uuid4

import uvloop

UNIQUE = b"@@unique@@"


@dataclass(frozen=True, slots=True)
class Plan:
    """`body` may hold `@@unique@@`, which becomes another value in each request. `signed` is the name of a header that
    carries the body's HMAC-SHA256 in hex, and the secret."""

    port: int
    path: str
    headers: dict[str, str]
    body: str
    connections: int
    seconds: float
    warm_up: float = 0.5
    method: str = "POST"
    signed: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Latencies in milliseconds; `per_second` counts answers with status below 300."""

    per_second: float
    p50: float
    p99: float
    statuses: dict[str, int]


def run(plan: Plan) -> Outcome:
    return uvloop.run(_drive(plan))


async def _drive(plan: Plan) -> Outcome:
    requests = _requests(plan)
    loop = asyncio.get_running_loop()
    recorder = _Recorder(time.perf_counter() + plan.warm_up)
    connections = []
    for _ in range(plan.connections):
        _, protocol = await loop.create_connection(lambda: _Connection(requests, recorder), "127.0.0.1", plan.port)
        connections.append(protocol)
    for connection in connections:
        connection.send()
    await asyncio.sleep(plan.warm_up + plan.seconds)
    recorder.stop()
    for connection in connections:
        connection.close()
    return recorder.outcome(plan.seconds)


def _requests(plan: Plan) -> Iterator[bytes]:
    template = plan.body.encode()
    length = len(template) + (36 - len(UNIQUE)) * template.count(UNIQUE)
    headers = {"Host": "bench", "Content-Type": "application/json", "Content-Length": str(length)} | plan.headers
    head = f"{plan.method} {plan.path} HTTP/1.1\r\n" + "".join(
        f"{name}: {value}\r\n" for name, value in headers.items()
    )
    start, name, secret = head.encode(), *(part.encode() for part in plan.signed or ("", ""))
    prefix, counter = str(uuid4())[:24], 0
    while True:
        counter += 1
        body = template.replace(UNIQUE, f"{prefix}{counter:012x}".encode())
        signature = b"%b: %b\r\n" % (name, hmac.digest(secret, body, "sha256").hex().encode()) if name else b""
        yield start + signature + b"\r\n" + body


class _Recorder:
    def __init__(self, starts_at: float) -> None:
        self.starts_at = starts_at
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.stopped = False

    def stop(self) -> None:
        self.stopped = True

    def record(self, status: str, sent: float, now: float) -> None:
        if not self.stopped and sent >= self.starts_at:
            self.statuses[status] += 1
            self.latencies.append(now - sent)

    def outcome(self, seconds: float) -> Outcome:
        ordered = sorted(self.latencies) or [0.0]
        good = sum(count for status, count in self.statuses.items() if status < "300")

        def share(part: float) -> float:
            return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]

        return Outcome(good / seconds, share(0.5), share(0.99), dict(self.statuses))


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], recorder: _Recorder) -> None:
        self.requests, self.recorder = requests, recorder
        self.transport: asyncio.Transport | None = None
        self.buffer = b""
        self.sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the interface and not the base class.
        self.transport = cast("asyncio.Transport", transport)

    def send(self) -> None:
        assert self.transport is not None
        self.sent = time.perf_counter()
        self.transport.write(next(self.requests))

    def close(self) -> None:
        assert self.transport is not None
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self.buffer) < end + 4 + length:
            return
        self.recorder.record(head[9:12].decode(), self.sent, time.perf_counter())
        self.buffer = b""
        if not self.recorder.stopped:
            self.send()


if __name__ == "__main__":
    json.dump(asdict(run(Plan(**json.load(sys.stdin)))), sys.stdout)

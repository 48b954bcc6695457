"""Requests to platforms: what they answer, and what becomes of it when they do not."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from services.survey.adapters import platform as platforms
from services.survey.adapters.base import AccessDenied, PlatformBusy, PlatformDown, Unreadable
from services.survey.adapters.platform import GuardedPlatform, retry_at
from shared.http.client import GuardedClient
from shared.testing.clock import FrozenClock

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Far:
    """A platform: says what it is told to, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
        self.answers: Iterator[bytes] = iter(())
        self.asked: list[bytes] = []
        self.url = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line.split(b":")[1]) for line in head.splitlines() if line[:15].lower() == b"content-length:"), 0
        )
        self.asked.append(head + await reader.readexactly(length))
        writer.write(next(self.answers, self.answer))
        await writer.drain()
        writer.close()


@pytest.fixture
async def far() -> AsyncIterator[Far]:
    made = Far()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/reviews"
    yield made
    server.close()
    await server.wait_closed()


@pytest.fixture
def platform() -> GuardedPlatform:
    return GuardedPlatform(GuardedClient(allowed=[ip_network("127.0.0.0/8")]), FrozenClock(NOW))


class TestRequests:
    async def test_carry_what_they_are_given_and_bring_what_came(self, platform: GuardedPlatform, far: Far) -> None:
        body = b'{"stars":5}'
        far.answer = b"HTTP/1.1 404 Gone Fishing\r\nETag: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        answer = await platform.request("PUT", far.url, params={"q": "a b"}, json={"a": 1}, headers={"X-Key": "k"})
        assert (answer.status, answer.content, answer.headers["etag"], answer.body) == (404, {"stars": 5}, "x", body)
        [asked] = far.asked
        assert asked.startswith(b"PUT /reviews?q=a+b HTTP/1.1")
        assert asked.endswith(b'{"a":1}')
        assert b"x-key: k" in asked.lower()

    async def test_say_when_to_come_again(self, platform: GuardedPlatform, far: Far) -> None:
        far.answer = b"HTTP/1.1 429 Slow\r\nRetry-After: 120\r\nContent-Length: 0\r\n\r\n"
        with pytest.raises(PlatformBusy) as caught:
            await platform.request("GET", far.url)
        assert caught.value.retry_at == NOW + timedelta(seconds=120)

    @pytest.mark.parametrize("status", [b"500 No", b"502 No", b"503 No"])
    async def test_know_a_platform_that_is_down(self, platform: GuardedPlatform, far: Far, status: bytes) -> None:
        far.answer = b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % status
        with pytest.raises(PlatformDown, match="answered 50"):
            await platform.request("GET", far.url)

    async def test_take_no_half_answer_for_a_whole_one(
        self, platform: GuardedPlatform, far: Far, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(platforms, "LARGEST_ANSWER", 10)
        far.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n[1,2,3,4,5]"
        with pytest.raises(PlatformDown, match="did not end"):
            await platform.request("GET", far.url)

    async def test_never_end_up_inside(self, far: Far) -> None:
        strict = GuardedPlatform(GuardedClient(allow_plain=True), FrozenClock(NOW))
        with pytest.raises(PlatformDown, match="cannot be used"):
            await strict.request("GET", far.url)
        with pytest.raises(PlatformDown, match="cannot be connected to"):
            await strict.resolve("127.0.0.1")
        assert far.asked == []

    async def test_come_to_an_end(self, platform: GuardedPlatform, far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(platforms, "MOST_REQUESTS", 2)
        for _ in range(2):
            await platform.request("GET", far.url)
        with pytest.raises(PlatformBusy):
            await platform.request("GET", far.url)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("90", 90),
        ("0", 30),
        ("999999999999999999999", 86_400),
        ("Sun, 29 Nov 2026 12:05:00 GMT", 300),
        ("Sun, 29 Nov 2020 12:05:00 GMT", 30),
        ("soon", 30),
        ("Sun, 29 Nov 2026 12:05:00 -0000", 300),
        (None, 30),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str | None, seconds: int) -> None:
    assert retry_at(value, NOW) == NOW + timedelta(seconds=seconds)


class TestDownloads:
    def redirected(self, to: str) -> bytes:
        return b"HTTP/1.1 307 There\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % to.encode()

    async def test_follow_redirects_without_the_credentials(self, platform: GuardedPlatform, far: Far) -> None:
        answers = iter([self.redirected("/store/1"), b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\xff\xd8\xff\xe0"])
        far.answers = answers
        got = await platform.download(far.url, headers={"Authorization": "Basic eA=="}, at_most=10)
        assert got == b"\xff\xd8\xff\xe0"
        first, second = far.asked
        assert (b"Authorization: Basic eA==" in first, b"Authorization" in second) == (True, False)
        assert second.startswith(b"GET /store/1 HTTP/1.1")

    async def test_end_at_their_limit(self, platform: GuardedPlatform, far: Far) -> None:
        far.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world"
        assert await platform.download(far.url, headers={}, at_most=11) == b"hello world"
        assert await platform.download(far.url, headers={}, at_most=10) is None

    async def test_lead_nowhere_that_is_not_allowed(self, platform: GuardedPlatform, far: Far) -> None:
        far.answer = self.redirected("http://10.0.0.1/secrets")
        with pytest.raises(PlatformDown, match="cannot be used"):
            await platform.download(far.url, headers={}, at_most=10)

    @pytest.mark.parametrize(
        ("status", "problem"), [(401, AccessDenied), (403, AccessDenied), (404, Unreadable), (500, PlatformDown)]
    )
    async def test_say_why_there_is_none(
        self, platform: GuardedPlatform, far: Far, status: int, problem: type[Exception]
    ) -> None:
        far.answer = b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % status
        with pytest.raises(problem):
            await platform.download(far.url, headers={}, at_most=10)

    async def test_do_not_go_round_in_circles(self, platform: GuardedPlatform, far: Far) -> None:
        far.answer = self.redirected("/reviews")
        with pytest.raises(Unreadable):
            await platform.download(far.url, headers={}, at_most=10)
        assert len(far.asked) == 1 + platforms.MOST_REDIRECTS

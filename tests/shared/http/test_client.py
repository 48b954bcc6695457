"""The guarded client: nothing that is not public is ever connected to. R-32 in small form."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from ipaddress import ip_network

import httpx
import pytest

from shared.http.client import Answer, GuardedClient, NotAllowed

# As literals, in every notation that resolvers take.
NOT_PUBLIC = [
    "127.0.0.1",
    "127.1",
    "127.0.1.3",
    "0.0.0.0",
    "0",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
    "10.0.0.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.1.1",
    "100.64.0.1",
    "192.0.0.1",
    "192.0.2.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "192.88.99.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::127.0.0.1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[2002:7f00:1::]",
    "[2002:a9fe:a9fe::]",
    "[2001:0:4136:e378:8000:63bf:3fff:fdd2]",
    "[2001:db8::1]",
    "[fc00::1]",
    "[fd12:3456::1]",
    "[fe80::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[100::1]",
    "localhost",
    "localhost.",
    "anything.localhost",
]
NOT_A_TARGET = [
    "",
    "https://",
    "https:///path",
    "//partner.example/",
    "partner.example",
    "ftp://partner.example/",
    "file:///etc/passwd",
    "gopher://partner.example/",
    "javascript:alert(1)",
    "https://user@partner.example/",
    "https://user:password@partner.example/",
    "https://partner.example@127.0.0.1/",
    "https://partner.example/#fragment",
    "https://partner.example:0/",
    "https://partner.example:99999/",
    "https://[fe80::1%25eth0]/",
    "https://partner.example\\@127.0.0.1/",
    "https://partner.example/ path",
    "https://partner.example/\r\nX-Header: 1",
    "https://pärtner.example/",
    "https://partner.example/" + "a" * 2_000,
]


class Sink:
    """Counts who connects, and remembers what was said."""

    def __init__(self) -> None:
        self.connections = 0
        self.port = 0
        self.heads: list[bytes] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.heads.append(await reader.readuntil(b"\r\n\r\n"))
        head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 10000\r\n\r\n"
        writer.write(head + b"y" * 10_000)
        await writer.drain()
        writer.close()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    counting = Sink()
    server = await asyncio.start_server(counting.handle, "127.0.0.1", 0)
    counting.port = server.sockets[0].getsockname()[1]
    yield counting
    server.close()
    await server.wait_closed()


async def post(client: GuardedClient, url: str) -> Answer:
    return await client.post(url, content=b"{}", headers={}, timeout=5, read_at_most=100)


class TestWhatMayNotBeReached:
    @pytest.mark.parametrize("host", NOT_PUBLIC)
    @pytest.mark.parametrize("scheme", ["https", "http"])
    def test_an_address_in_any_notation_is_refused_before_anything_is_looked_up(self, host: str, scheme: str) -> None:
        with pytest.raises(NotAllowed, match="public"):
            GuardedClient(allow_plain=True).check_url(f"{scheme}://{host}:8080/hook")

    @pytest.mark.parametrize("url", NOT_A_TARGET)
    def test_what_is_no_plain_url_is_refused(self, url: str) -> None:
        with pytest.raises(NotAllowed):
            GuardedClient(allow_plain=True).check_url(url)

    def test_plain_http_is_refused_outside_ones_own_network(self) -> None:
        with pytest.raises(NotAllowed, match="https"):
            GuardedClient().check_url("http://93.184.216.34/")

    def test_and_by_name_where_it_could_not_reach_anything(self) -> None:
        url = "http://partner.example/"
        with pytest.raises(NotAllowed, match="begins with https:// and"):
            GuardedClient().check_url(url)
        GuardedClient(allowed=[ip_network("10.0.0.0/8")]).check_url(url)
        GuardedClient(allow_plain=True).check_url(url)

    @pytest.mark.parametrize(
        "answers", [["127.0.0.1"], ["::1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], []]
    )
    async def test_a_name_that_leads_there_is_refused_without_a_connection(
        self, sink: Sink, answers: Sequence[str]
    ) -> None:
        async def resolve(host: str) -> Sequence[str]:
            return answers

        with pytest.raises(NotAllowed):
            await post(GuardedClient(allow_plain=True, resolve=resolve), f"http://partner.example:{sink.port}/")
        with pytest.raises(NotAllowed):
            await GuardedClient(resolve=resolve).check_reachable("https://partner.example/")
        assert sink.connections == 0

    async def test_a_name_server_that_changes_its_mind_changes_nothing(self, sink: Sink) -> None:
        """DNS rebinding: allowed when checked, forbidden when connected to. There is only one look-up to lie to."""
        asked = 0

        async def resolve(host: str) -> Sequence[str]:
            nonlocal asked
            asked += 1
            return ["127.0.0.2"] if asked == 1 else ["127.0.0.1"]

        client = GuardedClient(allowed=[ip_network("127.0.0.2/32")], resolve=resolve)
        with pytest.raises(httpx.ConnectError):
            await post(client, f"http://partner.example:{sink.port}/")
        assert asked == 1
        assert sink.connections == 0


class TestWhatMayBeReached:
    @pytest.mark.parametrize("known", [True, False])
    async def test_a_name_of_the_public_internet_or_one_that_may_come_to_be(self, known: bool) -> None:
        async def resolve(host: str) -> Sequence[str]:
            if not known:
                raise OSError("no such name")
            return ["93.184.216.34"]

        await GuardedClient(resolve=resolve).check_reachable("https://partner.example/")

    async def test_a_network_that_the_operator_allowed(self, sink: Sink) -> None:
        client = GuardedClient(allowed=[ip_network("127.0.0.0/8")])
        answer = await post(client, f"http://127.0.0.1:{sink.port}/hook?a=b")
        assert answer.status == 302
        assert sink.connections == 1  # and no redirect was followed
        assert len(answer.body) == 100

    async def test_its_neighbour_stays_out(self, sink: Sink) -> None:
        client = GuardedClient(allowed=[ip_network("127.0.0.2/32")])
        with pytest.raises(NotAllowed):
            await post(client, f"http://127.0.0.1:{sink.port}/")
        assert sink.connections == 0

    async def test_the_name_is_sent_though_the_address_is_connected_to(self, sink: Sink) -> None:
        async def resolve(host: str) -> Sequence[str]:
            return ["127.0.0.1"]

        client = GuardedClient(allowed=[ip_network("127.0.0.0/8")], resolve=resolve)
        await post(client, f"http://partner.example:{sink.port}/hook?a=b")
        assert sink.heads[0].startswith(b"POST /hook?a=b HTTP/1.1\r\n")
        assert f"Host: partner.example:{sink.port}\r\n".encode() in sink.heads[0]

"""Requests to addresses that customers of Heed chose: they may reach the public internet and nothing else.

Checking a name and connecting to it are two look-ups, and a hostile name server answers them differently. So the name
is resolved here, once per attempt; every address it has must be allowed; and the connection goes to the address that
was checked, while TLS still verifies the certificate against the name. Redirects are never followed, and the
environment's proxy settings do not apply.
"""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import SplitResult, urlsplit

import httpx

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
# A host name to its addresses, in the order of preference. Raises `OSError`.
Resolve = Callable[[str], Awaitable[Sequence[str]]]

LONGEST_URL = 2_000
# Somebody waits for the answer.
_LOOK_UP_SECONDS: Final = 2.0
# All that IANA has given out as global unicast. Translation to IPv4 (64:ff9b::/96) and site-local lie outside.
_GLOBAL_IPV6: Final = ip_network("2000::/3")
# Tunnels to IPv4 (Teredo, 6to4 and its relays) can carry a private address inside a public one.
_TUNNELS: Final = tuple(ip_network(network) for network in ("2001::/32", "2002::/16", "192.88.99.0/24"))


class NotAllowed(Exception):
    """This URL must not be requested; the text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`body` is at most as much as was asked for; the rest was not read, and then `is_whole` is false."""

    status: int
    headers: httpx.Headers
    body: bytes
    is_whole: bool = True


class GuardedClient:
    """`allowed` are networks that may be reached although they are not public. `http://` is refused unless
    `allow_plain` is set or the address is in one of them."""

    def __init__(
        self, *, allowed: Sequence[Network] = (), allow_plain: bool = False, resolve: Resolve | None = None
    ) -> None:
        self._allowed = tuple(allowed)
        self._allow_plain = allow_plain
        self._resolve_name = resolve or resolve_name
        self._tls: ssl.SSLContext | None = None

    def check_url(self, url: str) -> SplitResult:
        """Whatever can be said without asking a name server. Raises `NotAllowed`."""
        if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
            raise NotAllowed(f"a URL has at most {LONGEST_URL} ASCII characters, without spaces or backslashes")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise NotAllowed("this is not a URL") from None
        # Where http:// could not reach anything, it is refused now and not at the first delivery.
        schemes = ("https", "http") if self._allow_plain or self._allowed else ("https",)
        if parts.scheme not in schemes or not parts.hostname:
            raise NotAllowed(f"a URL begins with {' or '.join(f'{scheme}://' for scheme in schemes)} and a host name")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise NotAllowed("a URL here has no user name, password or fragment")
        if port == 0 or "%" in parts.hostname:
            raise NotAllowed("this host or port cannot be connected to")
        for address in _literal(parts.hostname):
            self._check_address(address, parts.scheme)
        return parts

    async def check_reachable(self, url: str) -> None:
        """`check_url`, and what the name stands for today; one that nobody knows may be known tomorrow.

        For telling early what would be refused later, and no leave for a request: that looks by itself. Raises
        `NotAllowed`.
        """
        parts = self.check_url(url)
        try:
            async with asyncio.timeout(_LOOK_UP_SECONDS):
                await self._address_of(str(parts.hostname), parts.scheme)
        except OSError:
            return

    async def post(
        self, url: str, *, content: bytes, headers: Mapping[str, str], timeout: float, read_at_most: int
    ) -> Answer:
        """As `request`."""
        return await self.request(
            "POST", url, content=content, headers=headers, timeout=timeout, read_at_most=read_at_most
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str],
        timeout: float,
        read_at_most: int,
    ) -> Answer:
        """One request within `timeout` seconds altogether. Raises `NotAllowed`, `TimeoutError`, `OSError` or
        `httpx.HTTPError`. A body that is still coming when time is up is cut off; the answer counts."""
        parts = self.check_url(url)
        async with asyncio.timeout(timeout) as deadline:
            address = await self._address_of(str(parts.hostname), parts.scheme)
            ends_at = deadline.when() or 0.0
            async with httpx.AsyncClient(verify=self._context(), trust_env=False, timeout=timeout) as client:
                request = client.build_request(
                    method,
                    _with_host(parts, address),
                    content=content,
                    headers={"Host": parts.netloc, "Accept-Encoding": "identity", "Connection": "close", **headers},
                    extensions={"sni_hostname": parts.hostname},
                )
                response = await client.send(request, stream=True)
                try:
                    body, is_whole = await _read(response, read_at_most, ends_at - asyncio.get_running_loop().time())
                finally:
                    await response.aclose()
        return Answer(response.status_code, response.headers, body, is_whole)

    async def address_of(self, host: str) -> str:
        """Where `host` may be connected to, for what is not HTTP but is encrypted all the same, such as IMAP.

        Raises `NotAllowed` or `OSError`.
        """
        return str(await self._address_of(host, "https"))

    async def _address_of(self, host: str, scheme: str) -> Address:
        """All of a name's addresses must be allowed: which one would be connected to is the name's owner's choice."""
        for address in _literal(host):
            self._check_address(address, scheme)
        found = await self._resolve_name(host)
        addresses = [ip_address(address) for address in found if "%" not in address]
        for address in addresses:
            self._check_address(address, scheme)
        if not addresses:
            raise NotAllowed("the host name has no address that can be used")
        return addresses[0]

    def _check_address(self, address: Address, scheme: str) -> None:
        bare = address.ipv4_mapped or address if isinstance(address, IPv6Address) else address
        if any(bare in network for network in self._allowed if network.version == bare.version):
            return
        if not _is_public(bare):
            raise NotAllowed("the address is not on the public internet")
        if scheme == "http" and not self._allow_plain:
            raise NotAllowed("a URL outside your own network begins with https://")

    def _context(self) -> ssl.SSLContext:
        """Made once: reading the certificate authorities takes longer than a request."""
        if self._tls is None:
            self._tls = httpx.create_ssl_context(trust_env=False)
        return self._tls


def pause_asked_for(retry_after: str | None, now: datetime) -> timedelta:
    """RFC 9110, 10.2.3: seconds or a date. Zero for what is neither."""
    if not retry_after:
        return timedelta(0)
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after[:9]), 10**8))
    try:
        until = parsedate_to_datetime(retry_after)
    except (ValueError, TypeError, OverflowError):
        return timedelta(0)
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(until - now, timedelta(0))


async def resolve_name(host: str) -> Sequence[str]:
    """By the system's own resolver."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as problem:
        raise OSError(f"the host name could not be resolved ({problem.errno})") from None
    return [str(entry[4][0]) for entry in found]


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in _GLOBAL_IPV6:
        return False
    if any(address in network for network in _TUNNELS if network.version == address.version):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _literal(host: str) -> list[Address]:
    """The address, if the host is one in any notation that resolvers take: 127.1, 0x7f000001, 017700000001, ::1."""
    if host.rstrip(".").endswith("localhost"):
        return [IPv4Address("127.0.0.1")]
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [ip_address(str(entry[4][0])) for entry in found]


def _with_host(parts: SplitResult, address: Address) -> str:
    host = f"[{address}]" if address.version == 6 else str(address)
    netloc = f"{host}:{parts.port}" if parts.port else host
    return parts._replace(netloc=netloc).geturl()


async def _read(response: httpx.Response, most: int, seconds: float) -> tuple[bytes, bool]:
    """The raw bytes, not decompressed: a small body must not become a large one here. And whether that is all."""
    body = b""
    try:
        async with asyncio.timeout(seconds * 0.95):
            async for chunk in response.aiter_raw():
                if len(body) + len(chunk) > most:
                    return body + chunk[: most - len(body)], False
                body += chunk
    except (TimeoutError, httpx.HTTPError):
        return body, False  # the status has come, and for some that is what counts
    return body, True

"""What a request presents to say who is calling, read from its raw headers."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from services.gateway.exchange.secrets import COOKIE, looks_like_api_key, looks_like_session_token
from shared.http.errors import Forbidden, Unauthenticated

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_COOKIE_PREFIX: Final = f"{COOKIE}=".encode()


class UnknownCredential(Unauthenticated):
    """The credential is unknown, expired or revoked. Send a valid API key, or sign in again."""


class ForgedRequest(Forbidden):
    """A signed-in browser sent this without proof that its user meant it. Send the session's `csrf_token` as
    `X-CSRF-Token`."""

    code = "forged_request"


@dataclass(frozen=True, slots=True)
class Credential:
    kind: Literal["key", "session"]
    secret: str


@dataclass(slots=True)
class Headers:
    """The few headers that say who calls and from where; empty if absent."""

    authorization: bytes = b""
    cookie: bytes = b""
    origin: bytes = b""
    host: bytes = b""
    csrf: bytes = b""

    @property
    def credential(self) -> Credential | None:
        """A header is sent on purpose, a cookie is not: the header counts. Raises `UnknownCredential`."""
        if self.authorization:
            scheme, _, secret = self.authorization.decode("latin-1").partition(" ")
            secret = secret.strip()
            if scheme.lower() != "bearer" or not looks_like_api_key(secret):
                raise UnknownCredential(
                    "Send `Authorization: Bearer` with an API key; those begin with `hk_`. Publishable keys, `pk_`, "
                    "are for the widget's own addresses under /w/."
                )
            return Credential("key", secret)
        if _COOKIE_PREFIX not in self.cookie:
            return None
        for part in self.cookie.split(b";"):
            name, _, value = part.strip().partition(b"=")
            if name == COOKIE.encode():
                secret = value.decode("latin-1")
                if not looks_like_session_token(secret):
                    raise UnknownCredential
                return Credential("session", secret)
        return None


def read_headers(raw: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Raises `UnknownCredential` if a credential comes twice: two readers could then see two callers."""
    found = Headers()
    for name, value in raw:
        if name == b"authorization":
            if found.authorization:
                raise UnknownCredential("Send one `Authorization` header, not several.")
            found.authorization = value
        elif name == b"cookie":
            # HTTP/2 may split cookies into several fields (RFC 9113, 8.2.3).
            found.cookie = found.cookie + b"; " + value if found.cookie else value
        elif name == b"origin":
            found.origin = value
        elif name == b"host":
            found.host = value
        elif name == b"x-csrf-token":
            found.csrf = value
    return found


def refuse_foreign_origin(origin: bytes, host: bytes, public_url: str) -> None:
    """A browser names the page's origin on every unsafe request. Raises `ForgedRequest` if it is not ours."""
    # Compared as text: what a browser sends is already in the one normal form, and nothing else needs to pass.
    ours = (b"http://" + host, b"https://" + host, _origin_of(public_url))
    if origin and origin not in ours:
        raise ForgedRequest("This came from a page of another site.")


def refuse_forgery(headers: Headers, expected_token: str, public_url: str) -> None:
    """For unsafe methods of a session. Raises `ForgedRequest`."""
    refuse_foreign_origin(headers.origin, headers.host, public_url)
    if not hmac.compare_digest(headers.csrf, expected_token.encode()):
        raise ForgedRequest


def _origin_of(url: str) -> bytes:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".encode()

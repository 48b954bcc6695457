"""How a sender of one's own proves that it is the sender, as configuration. SHA-1 is not offered: whoever can choose
takes SHA-256."""

import base64
import binascii
import hmac
import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from services.survey.adapters.base import Received, Rejected, Verified
from services.survey.adapters.reading import named_in
from services.survey.adapters.reviews import known_by_address
from services.survey.adapters.signatures import (
    FIVE_MINUTES,
    Encoding,
    check_digest,
    check_shared_secret,
    check_time,
    decoded,
    digests,
)
from services.survey.mapping.values import HeaderName, Part

_MOST_SIGNATURES: Final = 10
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_KNOWN: Final = {"body", "timestamp", "id", "url"}
_STANDARD_PREFIX: Final = "whsec_"
Label = Annotated[str, Field(min_length=1, max_length=20)]


class _Auth(Part):
    """`delivery_header` or `delivery_field` (at the top of the body) holds the sender's id of a delivery."""

    delivery_header: HeaderName | None = None
    delivery_field: str | None = Field(None, max_length=100)
    # Headers that must be so, such as the shop's address where several shops share a secret.
    expected: dict[HeaderName, Annotated[str, Field(max_length=300)]] = Field(default_factory=dict, max_length=5)


class HeaderParts(Part):
    """For a header such as `t=1700000000,v1=5257a8...`: the names of its parts, of which `signature` may come often."""

    signature: Label
    timestamp: Label | None = None


class Hmac(_Auth):
    """HMAC (RFC 2104) over `signed`, in which `{body}`, `{timestamp}`, `{id}` and `{url}` are filled in."""

    kind: Literal["hmac"]
    header: HeaderName
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Encoding = "hex"
    prefix: str = Field("", max_length=30)
    parts: HeaderParts | None = None
    signed: str = Field("{body}", max_length=200)
    timestamp_header: HeaderName | None = None
    timestamp_unit: Literal["s", "ms"] = "s"
    tolerance_seconds: int = Field(300, ge=1, le=86_400)
    id_header: HeaderName | None = None

    @model_validator(mode="after")
    def can_be_checked(self) -> Self:
        used = set(_PLACE.findall(self.signed))
        if not used <= _KNOWN or "body" not in used:
            raise ValueError("`signed` has {body}, and of {timestamp}, {id} and {url} what the sender signs too")
        has_time = self.timestamp_header is not None or (self.parts is not None and self.parts.timestamp is not None)
        if ("timestamp" in used) != has_time:
            raise ValueError("a timestamp counts only if it is signed: name its header or part, and write {timestamp}")
        if ("id" in used) != (self.id_header is not None):
            raise ValueError("an id counts only if it is signed: name its header, and write {id}")
        return self


class StandardWebhooks(_Auth):
    """https://www.standardwebhooks.com: `webhook-id`, `-timestamp`, `-signature`, or the same with `svix-`. Secrets are
    `whsec_` and base64."""

    kind: Literal["standard_webhooks"]
    header_prefix: Literal["webhook", "svix"] = "webhook"


class Bearer(_Auth):
    """`Authorization: Bearer <secret>` (RFC 6750)."""

    kind: Literal["bearer"]


class Basic(_Auth):
    """`Authorization: Basic ...` (RFC 7617); the secret is `name:password`."""

    kind: Literal["basic"]


class SharedSecretHeader(_Auth):
    """The secret as it is, in the first of these headers that is there."""

    kind: Literal["shared_secret_header"]
    headers: list[HeaderName] = Field(min_length=1, max_length=3)


class Address(_Auth):
    """Nothing is signed, and whoever knows the address is the sender. What comes can only be feedback."""

    kind: Literal["address"]


Auth = Annotated[Hmac | StandardWebhooks | Bearer | Basic | SharedSecretHeader | Address, Field(discriminator="kind")]


def verify(auth: Auth, received: Received, secrets: Sequence[str]) -> Verified:
    """Raises `Rejected`."""
    once, sent_at = _check(auth, received, secrets)
    for name, value in auth.expected.items():
        if received.header(name) != value:
            raise Rejected("wrong_audience")
    named = once or (received.header(auth.delivery_header) if auth.delivery_header else None)
    if named is None and auth.delivery_field is not None:
        named = named_in(received.body, auth.delivery_field)
    return known_by_address(named) if auth.kind == "address" else Verified(auth.kind, named, sent_at=sent_at)


def _check(auth: Auth, received: Received, secrets: Sequence[str]) -> tuple[str | None, datetime | None]:
    """The signed id and time, if there are such."""
    match auth:
        case Hmac():
            return _check_hmac(auth, received, secrets)
        case StandardWebhooks():
            return _check_standard(auth, received, secrets)
        case SharedSecretHeader():
            given = [received.header(name) for name in auth.headers]
            check_shared_secret(next((each for each in given if each), None), secrets)
        case Bearer():
            check_shared_secret(_authorization(received, "bearer"), secrets)
        case Basic():
            check_shared_secret(_decoded_basic(_authorization(received, "basic")), secrets)
        case Address():
            pass
    return None, None


def _check_hmac(auth: Hmac, received: Received, secrets: Sequence[str]) -> tuple[str | None, datetime | None]:
    header = received.header(auth.header)
    if not header:
        raise Rejected("missing_signature")
    signatures, stamp = _parts(header, auth.parts) if auth.parts else ([header], None)
    if auth.timestamp_header is not None:
        stamp = _needed(received.header(auth.timestamp_header))
    signed_id = _needed(received.header(auth.id_header)) if auth.id_header else None
    content = b"".join(_pieces(auth.signed, received, stamp, signed_id))
    given = list(_unprefixed(signatures, auth.prefix))
    _check_any(given, digests(content, secrets, auth.algorithm), auth.encoding)
    if stamp is None:
        return signed_id, None
    tolerance = timedelta(seconds=auth.tolerance_seconds)
    return signed_id, check_time(stamp, received.at, tolerance, unit=auth.timestamp_unit)


def _check_standard(
    auth: StandardWebhooks, received: Received, secrets: Sequence[str]
) -> tuple[str | None, datetime | None]:
    signed_id, stamp, header = (
        _needed(received.header(f"{auth.header_prefix}-{name}")) for name in ("id", "timestamp", "signature")
    )
    content = b".".join((_bytes(signed_id), _bytes(stamp), received.body))
    allowed = [hmac.digest(key, content, "sha256") for secret in secrets if (key := _key(secret))]
    given = [each.removeprefix("v1,") for each in header.split(" ") if each.startswith("v1,")]
    if not 1 <= len(given) <= _MOST_SIGNATURES:
        raise Rejected("malformed_signature")
    _check_any(given, allowed, "base64")
    return signed_id, check_time(stamp, received.at, FIVE_MINUTES)


def _check_any(given: Sequence[str], allowed: Sequence[bytes], encoding: Encoding) -> None:
    """One of them must fit; of several, the last refusal is told. Raises `Rejected`."""
    refused = Rejected("missing_signature")
    for each in given:
        try:
            check_digest(decoded(each, encoding), allowed)
        except Rejected as problem:
            refused = problem
        else:
            return
    raise refused


def _parts(header: str, names: HeaderParts) -> tuple[list[str], str | None]:
    pairs = [part.partition("=") for part in header.split(",")]
    signatures = [value for name, _, value in pairs if name.strip() == names.signature]
    stamps = [value for name, _, value in pairs if name.strip() == names.timestamp]
    if not 1 <= len(signatures) <= _MOST_SIGNATURES or len(stamps) != (names.timestamp is not None):
        raise Rejected("malformed_signature")
    return signatures, stamps[0] if stamps else None


def _unprefixed(signatures: Sequence[str], prefix: str) -> Iterator[str]:
    for each in signatures:
        if not each.startswith(prefix):
            raise Rejected("malformed_signature")
        yield each.removeprefix(prefix)


def _pieces(signed: str, received: Received, stamp: str | None, signed_id: str | None) -> Iterator[bytes]:
    """What is filled in is never looked through for more places."""
    filled = {
        "body": received.body,
        "timestamp": _bytes(stamp or ""),
        "id": _bytes(signed_id or ""),
        "url": _bytes(received.url),
    }
    for place, piece in enumerate(_PLACE.split(signed)):
        yield filled[piece] if place % 2 else piece.encode()


def _authorization(received: Received, scheme: str) -> str | None:
    """Raises `Rejected` for another scheme."""
    named, _, given = (received.header("authorization") or "").partition(" ")
    if named and named.lower() != scheme:
        raise Rejected("malformed_signature")
    return given


def _decoded_basic(given: str | None) -> str | None:
    try:
        return decoded(given, "base64").decode()
    except UnicodeDecodeError:
        raise Rejected("malformed_signature") from None


def _key(secret: str) -> bytes:
    """Of `whsec_...`; nothing of what is none."""
    try:
        return base64.b64decode(secret.removeprefix(_STANDARD_PREFIX), validate=True)
    except (ValueError, binascii.Error):
        return b""


def _needed(value: str | None) -> str:
    if not value:
        raise Rejected("missing_signature")
    return value


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", errors="replace")

"""How a sender of one's own proves that it is the sender, as configuration. SHA-1 is not offered: whoever can choose
takes SHA-256."""

import hmac
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

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
from services.survey.mapping.keys import PUBLIC, check_signed, public_key, sender_keys, symmetric_key
from services.survey.mapping.values import HeaderName, Part

_MOST_SIGNATURES: Final = 10
_PLACE: Final = re.compile(r"\{([^{}]*)\}")
_KNOWN: Final = {"body", "timestamp", "id", "url"}
# With public keys: a secret that everybody has signs nothing.
_JWT_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
# Raises `Rejected` for a signature that does not fit.
Check = Callable[[bytes], None]
Label = Annotated[str, Field(min_length=1, max_length=20)]


def _network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError("is no network such as 198.51.100.0/24, 2001:db8::/32 or 198.51.100.7") from None


Network = Annotated[str, Field(max_length=50), AfterValidator(_network)]


class _Auth(Part):
    """`delivery_header` or `delivery_field` (at the top of the body) holds the sender's id of a delivery."""

    delivery_header: HeaderName | None = None
    delivery_field: str | None = Field(None, max_length=100)
    # Headers that must be so, such as the shop's address where several shops share a secret.
    expected: dict[HeaderName, Annotated[str, Field(max_length=300)]] = Field(default_factory=dict, max_length=5)
    # Beside all else: networks from which the sender sends. Addresses alone prove little, and change.
    networks: list[Network] = Field(default_factory=list, max_length=100)


class HeaderParts(Part):
    """For a header such as `t=1700000000,v1=5257a8...`: the names of its parts, of which `signature` may come often."""

    signature: Label
    timestamp: Label | None = None


class _Signed(_Auth):
    """A signature in `header` over `signed`, in which `{body}`, `{timestamp}`, `{id}` and `{url}` are filled in."""

    header: HeaderName
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


class Hmac(_Signed):
    """HMAC (RFC 2104)."""

    kind: Literal["hmac"]
    algorithm: Literal["sha256", "sha512"] = "sha256"


class Ed25519(_Signed):
    """Ed25519 (RFC 8032); the secret is the sender's public key, 32 bytes in hex or base64."""

    kind: Literal["ed25519"]


class StandardWebhooks(_Auth):
    """https://www.standardwebhooks.com: `webhook-id`, `-timestamp`, `-signature`, or the same with `svix-`. Secrets are
    `whsec_` and base64 (`v1`, HMAC), or the sender's public key, `whpk_` and base64 (`v1a`, Ed25519)."""

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


class Jwt(_Auth):
    """`Authorization: Bearer` and a JWT (RFC 7519) of this issuer for this audience, signed with one of the keys at
    `jwks_url` (RFC 7517). It tells who sends; like any bearer's token it does not cover the body."""

    kind: Literal["jwt"]
    jwks_url: str = Field(pattern=r"^https://[^\s/?#@]+(/[^\s]*)?$", max_length=500)
    issuer: str = Field(min_length=1, max_length=500)
    audience: str = Field(min_length=1, max_length=500)


class Address(_Auth):
    """Nothing is signed, and whoever knows the address is the sender. What comes can only be feedback."""

    kind: Literal["address"]


Auth = Annotated[
    Hmac | Ed25519 | StandardWebhooks | Bearer | Basic | SharedSecretHeader | Jwt | Address,
    Field(discriminator="kind"),
]


def verify(auth: Auth, received: Received, secrets: Sequence[str]) -> Verified:
    """Raises `Rejected`, or `KeysNeeded` for those of a JWT."""
    if auth.networks and not _is_within(received.client, auth.networks):
        raise Rejected("wrong_network")
    once, sent_at = _check(auth, received, secrets)
    for name, value in auth.expected.items():
        if received.header(name) != value:
            raise Rejected("wrong_audience")
    named = once or (received.header(auth.delivery_header) if auth.delivery_header else None)
    if named is None and auth.delivery_field is not None:
        named = named_in(received.body, auth.delivery_field)
    return known_by_address(named) if auth.kind == "address" else Verified(auth.kind, named, sent_at=sent_at)


def unfit_secrets(auth: Auth, secrets: Sequence[str]) -> str | None:
    """What is wrong with them, or missing; None if this can be verified with them."""
    if isinstance(auth, Jwt | Address):
        return None
    if not secrets:
        return f"With auth `{auth.kind}` nothing can be verified without it."
    match auth:
        case Basic() if not all(":" in each for each in secrets):
            return "For basic authentication it is `name:password`."
        case Ed25519() if not all(public_key(each) for each in secrets):
            return "For Ed25519 it is the sender's public key: 32 bytes in hex or base64."
        case StandardWebhooks() if not all(symmetric_key(each) or public_key(each) for each in secrets):
            return "For Standard Webhooks it is `whsec_` or `whpk_` and base64."
    return None


def _is_within(client: str | None, networks: Sequence[str]) -> bool:
    try:
        address = ip_address(client or "")
    except ValueError:
        return False
    # As a server that listens to both kinds writes it.
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in ip_network(network) for network in networks)


def _check(auth: Auth, received: Received, secrets: Sequence[str]) -> tuple[str | None, datetime | None]:
    """The signed id and time, if there are such."""
    match auth:
        case Hmac() | Ed25519():
            return _check_signed(auth, received, secrets)
        case StandardWebhooks():
            return _check_standard(auth, received, secrets)
        case SharedSecretHeader():
            given = [received.header(name) for name in auth.headers]
            check_shared_secret(next((each for each in given if each), None), secrets)
        case Bearer():
            check_shared_secret(_authorization(received, "bearer"), secrets)
        case Basic():
            check_shared_secret(_decoded_basic(_authorization(received, "basic")), secrets)
        case Jwt():
            _check_jwt(auth, received)
        case Address():
            pass
    return None, None


def _check_signed(
    auth: Hmac | Ed25519, received: Received, secrets: Sequence[str]
) -> tuple[str | None, datetime | None]:
    header = received.header(auth.header)
    if not header:
        raise Rejected("missing_signature")
    signatures, stamp = _parts(header, auth.parts) if auth.parts else ([header], None)
    if auth.timestamp_header is not None:
        stamp = _needed(received.header(auth.timestamp_header))
    signed_id = _needed(received.header(auth.id_header)) if auth.id_header else None
    content = b"".join(_pieces(auth.signed, received, stamp, signed_id))
    given = list(_unprefixed(signatures, auth.prefix))
    check = _hmac_check(auth, content, secrets) if isinstance(auth, Hmac) else _ed25519_check(content, secrets)
    _check_any([(each, check) for each in given], auth.encoding)
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
    given = [each for each in header.split(" ") if each.startswith(("v1,", "v1a,"))]
    if not 1 <= len(given) <= _MOST_SIGNATURES:
        raise Rejected("malformed_signature")
    allowed = [hmac.digest(key, content, "sha256") for secret in secrets if (key := symmetric_key(secret))]
    checks: dict[str, Check] = {
        "v1": lambda signature: check_digest(signature, allowed),
        "v1a": _ed25519_check(content, [secret for secret in secrets if secret.startswith(PUBLIC)]),
    }
    versions = [each.partition(",") for each in given]
    _check_any([(signature, checks[version]) for version, _, signature in versions], "base64")
    return signed_id, check_time(stamp, received.at, FIVE_MINUTES)


def _check_jwt(auth: Jwt, received: Received) -> None:
    token = _needed(_authorization(received, "bearer"))
    claims = sender_keys(auth.jwks_url).claims(token, received.at, _JWT_ALGORITHMS)
    if claims.get("iss") != auth.issuer:
        raise Rejected("wrong_signature")
    meant_for = claims.get("aud")
    if auth.audience not in (meant_for if isinstance(meant_for, list) else [meant_for]):
        raise Rejected("wrong_audience")


def _hmac_check(auth: Hmac, content: bytes, secrets: Sequence[str]) -> Check:
    allowed = digests(content, secrets, auth.algorithm)
    return lambda signature: check_digest(signature, allowed)


def _ed25519_check(content: bytes, secrets: Sequence[str]) -> Check:
    keys = [key for secret in secrets if (key := public_key(secret))]
    return lambda signature: check_signed(signature, content, keys)


def _check_any(given: Sequence[tuple[str, Check]], encoding: Encoding) -> None:
    """One of them must fit; of several, the last refusal is told. Raises `Rejected`."""
    refused = Rejected("missing_signature")
    for signature, check in given:
        try:
            check(decoded(signature, encoding))
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


def _needed(value: str | None) -> str:
    if not value:
        raise Rejected("missing_signature")
    return value


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", errors="replace")

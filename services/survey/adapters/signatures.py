"""The signature schemes that senders share. All compare decoded bytes in constant time, and none takes an empty secret:
a missing secret would otherwise sign whatever comes (as in CVE-2026-53595)."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from services.survey.adapters.base import Rejected

Encoding = Literal["hex", "base64", "base64url"]
Algorithm = Literal["sha1", "sha256", "sha512"]
FIVE_MINUTES: Final = timedelta(minutes=5)
_HEX: Final = re.compile(r"[0-9a-fA-F]+")
_DIGITS: Final = re.compile(r"[0-9]{1,13}")


def check_hmac(
    signature: str | None, content: bytes, secrets: Iterable[str], *, algorithm: Algorithm, encoding: Encoding
) -> None:
    """`signature` must be the HMAC (RFC 2104) of `content` under one of the secrets. Raises `Rejected`."""
    given = decoded(signature, encoding)
    check_digest(given, digests(content, secrets, algorithm))


def digests(content: bytes, secrets: Iterable[str], algorithm: Algorithm) -> list[bytes]:
    """The HMAC under each secret that is one."""
    return [hmac.digest(secret.encode(), content, algorithm) for secret in secrets if secret]


def check_digest(given: bytes, allowed: Iterable[bytes]) -> None:
    """Each is compared, so that the time does not tell which one it was. Raises `Rejected`."""
    equal = [hmac.compare_digest(given, each) for each in allowed]
    if not any(equal):
        raise Rejected("wrong_signature")


def check_shared_secret(given: str | None, secrets: Iterable[str]) -> None:
    """A secret that is sent as it is. Raises `Rejected`."""
    if not given:
        raise Rejected("missing_signature")
    # Hashed, since `compare_digest` tells lengths apart.
    digest = hashlib.sha256(given.encode(errors="surrogatepass")).digest()
    check_digest(digest, (hashlib.sha256(secret.encode()).digest() for secret in secrets if secret))


def decoded(signature: str | None, encoding: Encoding) -> bytes:
    """Canonical encodings only: one signature has one spelling. Raises `Rejected`."""
    if not signature:
        raise Rejected("missing_signature")
    try:
        if encoding == "hex":
            if not _HEX.fullmatch(signature):
                raise Rejected("malformed_signature")
            return bytes.fromhex(signature)
        # RFC 4648, section 5, without padding or with it; section 4 always has it.
        text = signature if encoding == "base64" else signature.replace("-", "+").replace("_", "/")
        padded = text if encoding == "base64" else text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4)
        content = base64.b64decode(padded, validate=True)
    except (ValueError, binascii.Error):
        raise Rejected("malformed_signature") from None
    if base64.b64encode(content).decode() != padded:
        raise Rejected("malformed_signature")
    return content


def check_time(
    stamp: str | None, now: datetime, tolerance: timedelta = FIVE_MINUTES, *, unit: Literal["s", "ms"] = "s"
) -> datetime:
    """Neither older nor newer than `tolerance`. Raises `Rejected`."""
    if not stamp:
        raise Rejected("missing_signature")
    if not _DIGITS.fullmatch(stamp):
        raise Rejected("malformed_signature")
    try:
        sent_at = datetime.fromtimestamp(int(stamp) / (1000 if unit == "ms" else 1), UTC)
    except (ValueError, OverflowError, OSError):
        raise Rejected("malformed_signature") from None
    check_age(sent_at, now, tolerance)
    return sent_at


def check_age(sent_at: datetime, now: datetime, tolerance: timedelta = FIVE_MINUTES) -> None:
    """Neither older nor newer than `tolerance`. Raises `Rejected`."""
    if sent_at < now - tolerance:
        raise Rejected("stale")
    if sent_at > now + tolerance:
        raise Rejected("future")

"""What senders sign with, as it is entered: text that says which kind of key it is."""

import base64
import binascii
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.survey.adapters.base import Rejected
from services.survey.adapters.jwks import SenderKeys

# https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md#signature-scheme
_SYMMETRIC: Final = "whsec_"
PUBLIC: Final = "whpk_"
_RAW_BYTES: Final = 32
_MOST_SENDERS: Final = 256


@lru_cache(maxsize=_MOST_SENDERS)
def sender_keys(url: str) -> SenderKeys:
    """One for each address, whoever's source it is: the keys are public."""
    return SenderKeys(url)


def symmetric_key(secret: str) -> bytes:
    """Of `whsec_` and base64, or base64 alone; nothing of what is none."""
    if secret.startswith(PUBLIC):
        return b""
    try:
        return base64.b64decode(secret.removeprefix(_SYMMETRIC), validate=True)
    except (ValueError, binascii.Error):
        return b""


def public_key(secret: str) -> Ed25519PublicKey | None:
    """Of 32 bytes (RFC 8032, section 5.1.5) in hex or base64, with `whpk_` before them or not; None of what is none."""
    written = secret.removeprefix(PUBLIC)
    try:
        raw = bytes.fromhex(written) if len(written) == 2 * _RAW_BYTES else base64.b64decode(written, validate=True)
        return Ed25519PublicKey.from_public_bytes(raw)
    except (ValueError, binascii.Error):
        return None


def check_signed(signature: bytes, content: bytes, keys: Iterable[Ed25519PublicKey]) -> None:
    """By one of the keys. Raises `Rejected`."""
    for key in keys:
        try:
            key.verify(signature, content)
        except InvalidSignature:
            continue
        return
    raise Rejected("wrong_signature")

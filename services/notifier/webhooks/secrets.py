"""Signing keys of endpoints: made here, stored sealed (`shared.auth.sealing`).

Standard Webhooks (https://www.standardwebhooks.com): `v1` is HMAC-SHA256 by a secret that both sides know, `whsec_`;
`v1a` is Ed25519 by a private key that never leaves Heed, `whsk_`, whose public key, `whpk_`, verifies.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from standardwebhooks import Webhook

Signing = Literal["v1", "v1a"]
PREFIX: Final = "whsec_"
PRIVATE_PREFIX: Final = "whsk_"
PUBLIC_PREFIX: Final = "whpk_"
_BYTES: Final = 32


def new_secret(signing: Signing) -> str:
    """Either kind is 32 random bytes; the prefix tells them apart."""
    prefix = PREFIX if signing == "v1" else PRIVATE_PREFIX
    return prefix + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def public_key_of(secret: str) -> str | None:
    """None for a secret that both sides know."""
    if not secret.startswith(PRIVATE_PREFIX):
        return None
    public = _private_key(secret).public_key().public_bytes_raw()
    return PUBLIC_PREFIX + base64.b64encode(public).decode()


def signature_headers(event_id: UUID, body: bytes, live_secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """One signature per live secret, so that a receiver that knows either can verify during a rotation."""
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(_signature(secret, event_id, body, now) for secret in live_secrets),
    }


def _signature(secret: str, event_id: UUID, body: bytes, now: datetime) -> str:
    if not secret.startswith(PRIVATE_PREFIX):
        signature: str = Webhook(secret).sign(str(event_id), now, body.decode())
        return signature
    signed = b"%b.%d.%b" % (str(event_id).encode(), int(now.timestamp()), body)
    return "v1a," + base64.b64encode(_private_key(secret).sign(signed)).decode()


def _private_key(secret: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret.removeprefix(PRIVATE_PREFIX)))

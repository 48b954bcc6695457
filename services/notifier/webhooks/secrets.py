"""Signing secrets of endpoints: made here, shown once, stored sealed (AES-256-GCM).

Standard Webhooks (https://www.standardwebhooks.com) says `whsec_` and base64 of 24 to 64 bytes.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from standardwebhooks import Webhook

PREFIX = "whsec_"
_BYTES = 32
_NONCE_BYTES = 12


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def seal(secret: str, key: bytes, endpoint_id: UUID) -> bytes:
    """Bound to its endpoint: moved to another row, it does not open."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret.encode(), endpoint_id.bytes)


def unseal(sealed: bytes, key: bytes, endpoint_id: UUID) -> str:
    """Raises `cryptography.exceptions.InvalidTag` if the key, the endpoint or the bytes are not the ones it was."""
    nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return AESGCM(key).decrypt(nonce, content, endpoint_id.bytes).decode()


def signature_headers(event_id: UUID, body: bytes, live_secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """One signature per live secret, so that a receiver that knows either can verify during a rotation."""
    signatures = [Webhook(secret).sign(str(event_id), now, body.decode()) for secret in live_secrets]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }

"""Signing secrets of endpoints: made here, shown once, stored sealed (`shared.auth.sealing`).

Standard Webhooks (https://www.standardwebhooks.com) says `whsec_` and base64 of 24 to 64 bytes.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from standardwebhooks import Webhook

PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def signature_headers(event_id: UUID, body: bytes, live_secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """One signature per live secret, so that a receiver that knows either can verify during a rotation."""
    signatures = [Webhook(secret).sign(str(event_id), now, body.decode()) for secret in live_secrets]
    return {
        "webhook-id": str(event_id),
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }

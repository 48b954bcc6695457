"""Links that are credentials: they cannot be guessed, made up or altered.

A token is `kind, account, id, HMAC-SHA256 cut to 16 bytes` in URL-safe base64. It says whom it is for, so that one look
at one row decides; whether it is still good stands in that row, where it can be taken back.
"""

import base64
import hmac
from typing import NamedTuple
from uuid import UUID

_MAC_BYTES = 16
_BODY_BYTES = 33


class Claim(NamedTuple):
    """What a token says; `kind` is from 0 to 255, and means what its service says."""

    kind: int
    account_id: UUID
    target_id: UUID


class LinkSigner:
    """Signs and reads the tokens of one purpose; `key` is of that purpose alone."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, claim: Claim) -> str:
        body = bytes([claim.kind]) + claim.account_id.bytes + claim.target_id.bytes
        return base64.urlsafe_b64encode(body + self._mac(body)).decode().rstrip("=")

    def read(self, token: str) -> Claim | None:
        """None for anything that was not signed with this key."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
        # The canonical spelling only: base64 has several for the same bytes when its last character has spare bits.
        if not hmac.compare_digest(mac, self._mac(body)) or base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
            return None
        return Claim(body[0], UUID(bytes=body[1:17]), UUID(bytes=body[17:33]))

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC_BYTES]

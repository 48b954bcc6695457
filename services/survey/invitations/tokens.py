"""The respondent's credential: a link that cannot be guessed, made up or altered.

A token is `kind, account, id, HMAC-SHA256 cut to 16 bytes` in URL-safe base64. It says whom it is for, so that one look
at one row decides; whether it is still good (expiry, single use) stands in that row, where it can be taken back.
"""

import base64
import hmac
from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from shared.settings import ServiceSettings

PURPOSE = "survey.link"
_MAC_BYTES = 16
_BODY_BYTES = 33


class LinkKind(IntEnum):
    """`INVITATION`: one answer of one customer. `OPEN`: any number of answers of anybody; the id is the survey's.

    `RECEIPT`: to see, change and delete what was answered; the id is the response's.
    """

    INVITATION = 1
    OPEN = 2
    RECEIPT = 3


@dataclass(frozen=True, slots=True)
class Link:
    kind: LinkKind
    account_id: UUID
    target_id: UUID


class Links:
    """Signs and reads the links of one installation."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._key = settings.derived_key(PURPOSE)
        self._base = settings.public_url.rstrip("/")

    def url(self, link: Link) -> str:
        """Where the page of this link is."""
        return f"{self._base}/{'r' if link.kind is LinkKind.RECEIPT else 's'}/{self.token(link)}"

    def token(self, link: Link) -> str:
        body = bytes([link.kind]) + link.account_id.bytes + link.target_id.bytes
        return base64.urlsafe_b64encode(body + self._mac(body)).decode().rstrip("=")

    def read(self, token: str) -> Link | None:
        """None for anything that we did not sign."""
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
        except ValueError:
            return None
        body, mac = raw[:_BODY_BYTES], raw[_BODY_BYTES:]
        # The canonical spelling only: base64 has several for the same bytes when its last character has spare bits.
        if not hmac.compare_digest(mac, self._mac(body)) or base64.urlsafe_b64encode(raw).decode().rstrip("=") != token:
            return None
        return Link(LinkKind(body[0]), UUID(bytes=body[1:17]), UUID(bytes=body[17:33]))

    def _mac(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")[:_MAC_BYTES]

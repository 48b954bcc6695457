"""Mail addresses that are credentials: whoever writes to one may speak about what it names.

`support@example.com` becomes `support+t.<token>@example.com`: a letter for what it names, and `id, HMAC-SHA256 cut to
10 bytes` in Base32 (RFC 4648, section 6), since mail programs may change the case of an address (RFC 5321, 2.4, asks
them not to) and a local part has 64 characters at most. The account is signed and not written: a token is read by
somebody who knows which account the mail is for.
"""

import base64
import hmac
import re
from email.headerregistry import Address
from typing import Final
from uuid import UUID

from shared.settings import ServiceSettings

# What they name: a ticket of the tickets service, a message of the notifier whose bounces come here (VERP).
TICKET: Final = "t"
BOUNCE: Final = "b"
_MAC_BYTES: Final = 10
_TOKEN: Final = re.compile(r"\b([a-z])\.([a-z2-7]{42})\b")


class AddressSigner:
    """`key` is of this purpose alone; see `ServiceSettings.derived_key`."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def token(self, kind: str, account_id: UUID, target_id: UUID) -> str:
        """`t.mzxw6…`: for an address, or as the left side of a Message-ID. `kind` is one small letter."""
        signed = base64.b32encode(target_id.bytes + self._mac(kind, account_id, target_id))
        return f"{kind}.{signed.decode().rstrip('=').lower()}"

    def address(self, mailbox: str, kind: str, account_id: UUID, target_id: UUID) -> str:
        """Of `mailbox`, which must not have a part with a plus already."""
        parts = Address(addr_spec=mailbox)
        return f"{parts.username}+{self.token(kind, account_id, target_id)}@{parts.domain}"

    def read(self, written: str, kind: str, account_id: UUID) -> UUID | None:
        """What an address or a Message-ID names; None unless we signed it, for this account."""
        for found in _TOKEN.finditer(written.lower()):
            if found[1] != kind:
                continue
            raw = base64.b32decode(found[2].upper() + "=" * (-len(found[2]) % 8))
            target_id = UUID(bytes=raw[:16])
            # Compared as text: the last character has bits to spare, and one token has one spelling.
            if hmac.compare_digest(found[0], self.token(kind, account_id, target_id)):
                return target_id
        return None

    def _mac(self, kind: str, account_id: UUID, target_id: UUID) -> bytes:
        return hmac.digest(self._key, kind.encode() + account_id.bytes + target_id.bytes, "sha256")[:_MAC_BYTES]


def reply_addresses(settings: ServiceSettings) -> AddressSigner:
    """What mails to and from customers are signed with, in whichever service."""
    return AddressSigner(settings.derived_key("mail.addresses"))

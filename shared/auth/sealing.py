"""Secrets that have to be read again, stored so that the database alone gives none of them away (AES-256-GCM).

Each is bound to the row that holds it: moved to another row, it does not open.
"""

import secrets
from typing import Final
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12


def seal(secret: bytes, key: bytes, row_id: UUID) -> bytes:
    """`key` has 32 bytes and is for one purpose alone, see `ServiceSettings.derived_key`."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, secret, row_id.bytes)


def unseal(sealed: bytes, key: bytes, row_id: UUID) -> bytes:
    """Raises `cryptography.exceptions.InvalidTag` if the key, the row or the bytes are not the ones it was."""
    nonce, content = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    return AESGCM(key).decrypt(nonce, content, row_id.bytes)

"""The address that a sender is given: `/hooks/` and a token of 256 random bits, of which only the hash is kept."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from shared.settings import ServiceSettings

# After a rotation the former address goes on working for so long.
FORMER_LIVES: Final = timedelta(hours=24)


def new_token() -> str:
    return secrets.token_urlsafe(32)


def hash_of(token: str) -> bytes:
    """SHA-256: there is nothing to guess about a random token, so it needs no slow hash."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()


def url_of(settings: ServiceSettings, token: str) -> str:
    """From configuration, never from what a request says of itself."""
    return f"{settings.public_url}/hooks/{token}"

"""Keys and session tokens: 256 random bits, kept as SHA-256 only."""

import hashlib
import re
import secrets
from typing import Final

API_KEY_PREFIX: Final = "hk_"
COOKIE: Final = "heed_session"
HINT_LENGTH: Final = 8

# 32 bytes in URL-safe base64 without padding.
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_api_key() -> str:
    return API_KEY_PREFIX + secrets.token_urlsafe(32)


def new_session_token() -> str:
    return secrets.token_urlsafe(32)


def looks_like_api_key(text: str) -> bool:
    """Whether it is worth asking the database; refuses the empty and the endless."""
    return text.startswith(API_KEY_PREFIX) and _SECRET.fullmatch(text, len(API_KEY_PREFIX)) is not None


def looks_like_session_token(text: str) -> bool:
    return _SECRET.fullmatch(text) is not None


def hashed(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def hint_of(api_key: str) -> str:
    """What may be shown of a key for recognition: 30 of its 256 random bits."""
    return api_key[:HINT_LENGTH]

"""Publishable keys: `pk_` and 43 characters. They stand in the source of web pages, so they are no secret.

A key says which account it is of, so that one look in that account's rows decides; the rest of it is random. What keeps
others from speaking in a customer's name is the identity secret that goes with a key: the owner's own server signs with
it who its visitor is.
"""

import base64
import hmac
import re
import secrets
from typing import Final
from uuid import UUID

from shared.settings import ServiceSettings

PREFIX: Final = "pk_"
PURPOSE: Final = "publishable.identity"
# 16 bytes of the account's id and 16 random ones, in URL-safe base64 without padding.
_REST: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def new_publishable_key(account_id: UUID) -> str:
    raw = account_id.bytes + secrets.token_bytes(16)
    return PREFIX + base64.urlsafe_b64encode(raw).decode().rstrip("=")


def account_of(key: str) -> UUID | None:
    """The account that such a key would be of; None for what is no such key."""
    if not key.startswith(PREFIX) or not _REST.fullmatch(key, len(PREFIX)):
        return None
    return UUID(bytes=base64.urlsafe_b64decode(key[len(PREFIX) :] + "=")[:16])


def identity_secret(settings: ServiceSettings, api_key_id: UUID) -> str:
    """What the owner's server signs identity tokens with (HS256). Derived, so that it is stored nowhere."""
    key = settings.derived_key(PURPOSE)
    return base64.urlsafe_b64encode(hmac.digest(key, api_key_id.bytes, "sha256")).decode().rstrip("=")

"""Where customers read: `/help/{site}/{language}/...`. The site is the account's id, written short."""

import base64
from typing import Final
from uuid import UUID

from services.tickets.articles.writing import slug_of
from shared.settings import ServiceSettings

_LENGTH: Final = 22


def site_of(account_id: UUID) -> str:
    return base64.urlsafe_b64encode(account_id.bytes).decode().rstrip("=")


def account_in(site: str) -> UUID | None:
    """None for what cannot be a site; whether there is one, the account's rows say."""
    if len(site) != _LENGTH:
        return None
    try:
        account_id = UUID(bytes=base64.urlsafe_b64decode(f"{site}=="))
    except ValueError:
        return None
    return account_id if site_of(account_id) == site else None


def site_url(settings: ServiceSettings, account_id: UUID) -> str:
    return f"{settings.public_url}/help/{site_of(account_id)}"


def article_url(settings: ServiceSettings, account_id: UUID, locale: str, article_id: UUID, title: str) -> str:
    """Its last 32 characters are the id; what stands before them is for people to read."""
    slug = slug_of(title)
    return f"{site_url(settings, account_id)}/{locale}/articles/{slug}{'-' if slug else ''}{article_id.hex}"


def article_in(named: str) -> UUID | None:
    """The article that the last part of an address names."""
    try:
        return UUID(hex=named[-32:])
    except ValueError:
        return None

"""The link in a message that lets its reader say what they want to get."""

from enum import IntEnum
from uuid import UUID

from shared.auth.links import Claim, LinkSigner
from shared.settings import ServiceSettings

PURPOSE = "notifier.preferences"


class LinkKind(IntEnum):
    """`MESSAGE`: whoever got it, and its purpose is meant first. `CUSTOMER`: for the account's own mails and pages."""

    MESSAGE = 1
    CUSTOMER = 2


def preferences_url(settings: ServiceSettings, kind: LinkKind, account_id: UUID, target_id: UUID) -> str:
    token = LinkSigner(settings.derived_key(PURPOSE)).token(Claim(kind, account_id, target_id))
    return f"{settings.public_url.rstrip('/')}/p/{token}"


def read_token(settings: ServiceSettings, token: str) -> Claim | None:
    """None for anything that we did not sign."""
    return LinkSigner(settings.derived_key(PURPOSE)).read(token)

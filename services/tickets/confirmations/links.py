"""The link by which a customer says whether it is solved."""

from uuid import UUID

from shared.auth.links import Claim, LinkSigner
from shared.settings import ServiceSettings

PURPOSE = "tickets.confirmation"
_TICKET = 1


def confirmation_url(settings: ServiceSettings, account_id: UUID, ticket_id: UUID) -> str:
    token = LinkSigner(settings.derived_key(PURPOSE)).token(Claim(_TICKET, account_id, ticket_id))
    return f"{settings.public_url.rstrip('/')}/solved/{token}"


def read_token(settings: ServiceSettings, token: str) -> Claim | None:
    """None for anything that we did not sign."""
    return LinkSigner(settings.derived_key(PURPOSE)).read(token)

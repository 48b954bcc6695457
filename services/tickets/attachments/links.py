"""The link by which a customer saves a file that came with an answer."""

from uuid import UUID

from shared.auth.links import Claim, LinkSigner
from shared.settings import ServiceSettings

PURPOSE = "tickets.attachment"
_ATTACHMENT = 1


def file_url(settings: ServiceSettings, account_id: UUID, attachment_id: UUID) -> str:
    token = LinkSigner(settings.derived_key(PURPOSE)).token(Claim(_ATTACHMENT, account_id, attachment_id))
    return f"{settings.public_url.rstrip('/')}/files/{token}"


def read_token(settings: ServiceSettings, token: str) -> Claim | None:
    """None for anything that we did not sign."""
    return LinkSigner(settings.derived_key(PURPOSE)).read(token)

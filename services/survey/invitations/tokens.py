"""The respondent's credential: a signed link. Whether it is still good (expiry, single use) stands in its row."""

from dataclasses import dataclass
from enum import IntEnum
from uuid import UUID

from shared.auth.links import Claim, LinkSigner
from shared.settings import ServiceSettings

PURPOSE = "survey.link"


class LinkKind(IntEnum):
    """`INVITATION`: one answer of one customer. `OPEN`: any number of answers of anybody; the id is the survey's.

    `RECEIPT`: to see, change and delete what was answered; the id is the response's. `LOGO`: an image, for everybody.
    """

    INVITATION = 1
    OPEN = 2
    RECEIPT = 3
    LOGO = 4


_PLACES = {LinkKind.INVITATION: "s", LinkKind.OPEN: "s", LinkKind.RECEIPT: "r", LinkKind.LOGO: "s/logos"}


@dataclass(frozen=True, slots=True)
class Link:
    kind: LinkKind
    account_id: UUID
    target_id: UUID


class Links:
    """Signs and reads the links of one installation."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._signer = LinkSigner(settings.derived_key(PURPOSE))
        self._base = settings.public_url.rstrip("/")

    def url(self, link: Link) -> str:
        """Where what this link opens is."""
        return f"{self._base}/{_PLACES[link.kind]}/{self.token(link)}"

    def token(self, link: Link) -> str:
        return self._signer.token(Claim(link.kind, link.account_id, link.target_id))

    def read(self, token: str) -> Link | None:
        """None for anything that we did not sign."""
        claim = self._signer.read(token)
        return Link(LinkKind(claim.kind), claim.account_id, claim.target_id) if claim else None

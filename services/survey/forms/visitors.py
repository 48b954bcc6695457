"""What is made of a visitor: whom they name, and whether it may be a program that writes."""

from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request

from services.survey.forms.schemas import Visitor
from services.survey.hearing.canonical import Author
from services.survey.responses import suspicion
from services.survey.widget.door import identified
from shared.http.dependencies import runtime_of
from shared.visitors.door import Guest


def author_of(request: Request, guest: Guest, visitor: Visitor) -> Author:
    """Signed by the owner's server it is the customer; otherwise anybody could say so, and nothing is written to the
    customer whom the address belongs to. Who fell into the trap is a program, and nobody new. Raises `Unacceptable` for
    an identity that is not good."""
    known = identified(runtime_of(request).settings, guest, visitor.identity)
    if known is not None:
        return Author(external_id=known.external_id, email=known.email, phone=known.phone, name=known.name)
    return Author(
        name=visitor.name,
        email=visitor.email,
        phone=visitor.phone,
        anonymous=not (visitor.email or visitor.phone),
        verified=False,
        answerable=not visitor.trap,
    )


def signs_of(request: Request, guest: Guest, visitor: Visitor, submission_id: str) -> tuple[str, ...]:
    """See `suspicion`: flagged, never lost."""
    runtime = runtime_of(request)
    found = suspicion.signs(
        runtime.settings,
        place_of(guest),
        submission_id,
        runtime.clock.now(),
        trap=visitor.trap,
        stamp=visitor.stamp,
        proof=visitor.proof,
        wants_proof=False,
    )
    return tuple(found)


def place_of(guest: Guest) -> UUID:
    """What a stamp is good for: this key's pages."""
    return guest.api_key_id


def page_of(visitor: Visitor) -> str | None:
    """The address of the page without what may be secret, behind `?` and `#`; None if it is none of the web."""
    try:
        parts = urlsplit(visitor.page or "")
    except ValueError:
        return None
    return parts._replace(query="", fragment="").geturl() if parts.scheme in ("http", "https") else None

"""Who said or did something, as their sender names them."""

from collections.abc import Callable
from typing import Any, Final

from services.survey.hearing.canonical import Author
from services.survey.hearing.sender import Sender
from services.survey.responses.schemas import normal_email, normal_phone
from shared.contracts.survey import CustomerReference

_LONGEST_NAME: Final = 200


def reference_of(author: Author, source: Sender, *, order: str | None) -> CustomerReference | None:
    """How the author is named; None if nothing can lead to somebody, or they do not want it to."""
    if author.anonymous:
        return None
    strong = identities_of(author)
    handle = f"{source.adapter}:{author.handle}" if author.handle else None
    if not any((author.customer_id, *strong.values(), order, handle)):
        return None
    name = (author.name or "").strip()[:_LONGEST_NAME] or None
    return CustomerReference(id=author.customer_id, **strong, name=name, order=order, handle=handle)


def identities_of(author: Author) -> dict[str, Any]:
    """What a customer can be recognised by, in the form that is compared; nothing that cannot be read."""
    return {
        "external_id": author.external_id,
        "email": _readable(author.email, normal_email),
        "phone": _readable(author.phone, normal_phone),
    }


def _readable(value: str | None, normal: Callable[[str], str]) -> str | None:
    try:
        return normal(value) if value else None
    except ValueError:
        return None

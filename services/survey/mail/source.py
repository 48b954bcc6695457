"""What all sources of mail have in common."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field, ValidationError

from services.survey.adapters.base import Connection, Received, Unreadable
from services.survey.hearing.canonical import DeliveryItem, Item
from services.survey.mail.items import items_of
from services.survey.mail.letter import Letter
from services.survey.responses.schemas import Email
from shared.http.schemas import Model


class MailSettings(Model):
    addresses: list[Email] = Field(
        min_length=1,
        max_length=50,
        description="The addresses your customers write to, such as support@example.com, the main one first. Mail from "
        "them is never answered, and answers to tickets name the one that was written to.",
    )


def heard(letter: Letter, received: Received, connection: Connection) -> Sequence[Item]:
    """Raises `Unreadable`."""
    settings: MailSettings = connection.settings
    return items_of(letter, received_at=received.at, own=settings.addresses)


def delivery(**fields: Any) -> DeliveryItem:
    """Of a provider's event. Raises `Unreadable` for what it cannot be."""
    try:
        return DeliveryItem(**fields)
    except ValidationError as problem:
        raise Unreadable(f"The event is not what it should be: {problem.errors()[0]['msg']}.") from None

"""Messages as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.tickets.attachments.schemas import AttachmentOut
from shared.http.schemas import Model


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return value


class NewMessage(Model):
    text: Annotated[str, Field(max_length=20_000), AfterValidator(_not_blank)]
    internal: bool = Field(
        False,
        description="A note among colleagues, never sent to anybody. `@Ana Sousa` in it has Ana watch the ticket.",
    )
    seen_version: int | None = Field(
        None,
        ge=1,
        description="Of an answer: the ticket's version as you read it. If somebody answered since, or the customer "
        "wrote, this is a 409 that says who, and nothing is sent.",
    )
    attachment_ids: list[UUID] = Field(
        [],
        max_length=10,
        description="Files of POST /v1/tickets/{id}/attachments. The customer gets a link to each, good for 90 days.",
    )


class MessageOut(Model):
    """`attachments` went along with an answer or a note. What came along with what the customer wrote is listed at
    `customer_attachments`.

    `automatic`: no person wrote it (`auto_reply`, `bounce`, `loop` or `bulk`).
    """

    id: UUID
    ticket_id: UUID
    internal: bool
    text: str
    author: str
    author_name: str
    created_at: datetime
    feedback_id: UUID | None
    automatic: str | None
    attachments: list[AttachmentOut]
    customer_attachments: str | None = Field(examples=["/v1/feedback/01a20000-0000-7000-8000-000000000072/attachments"])

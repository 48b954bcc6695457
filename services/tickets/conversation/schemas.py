"""Messages as they come in and go out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

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


class MessageOut(Model):
    """`feedback_id` is set for what the customer wrote: what came along is at /v1/feedback/{feedback_id}/attachments.

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

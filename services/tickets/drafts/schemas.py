"""Drafts as they come in and go out."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.http.schemas import LongText, Model


class DraftIn(Model):
    text: LongText


class Sending(Model):
    seen_version: int | None = Field(
        None, ge=1, description="The ticket's version as you read it; see POST /v1/tickets/{id}/messages."
    )
    attachment_ids: list[UUID] = Field([], max_length=10, description="Files that go along.")


class DraftOut(Model):
    """`author` wrote last, or sent it. Empty before anybody has begun."""

    ticket_id: UUID
    text: str
    author: str | None
    author_name: str | None
    version: int
    updated_at: datetime | None

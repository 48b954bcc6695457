"""The feed as partners see it."""

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field

from services.notifier.log.repository import TypeFilter

PATTERN = r"^[a-z0-9.\-]{0,150}\*?$"
MOST_PATTERNS = 50


class PublishedEvent(BaseModel):
    """A CloudEvents 1.0 envelope, byte for byte the same here, in the stream and in webhooks."""

    specversion: str
    id: UUID
    source: str
    type: str
    subject: UUID
    time: datetime
    datacontenttype: str
    accountid: UUID
    actor: str
    correlationid: UUID
    causationid: UUID | None = None
    traceparent: str | None = None
    aggregateversion: int
    data: dict[str, Any]
    sequence: int


class EventFeed(BaseModel):
    """Oldest first. Ask again with `after=next_after`, now or after a pause: nothing is skipped."""

    data: list[PublishedEvent]
    next_cursor: str | None = Field(description="Null when there is no more at the moment.")
    next_after: int = Field(description="Everything up to this number has been looked at.")


def _known_form(value: str) -> str:
    type_filter(value)
    return value


def type_filter(value: str | None) -> TypeFilter:
    """`heed.tickets.*,heed.survey.feedback.received.v1` as a filter. Raises `ValueError`."""
    patterns = tuple(part.strip() for part in (value or "").split(",") if part.strip())
    if len(patterns) > MOST_PATTERNS:
        raise ValueError(f"at most {MOST_PATTERNS} types")
    for pattern in patterns:
        if not re.fullmatch(PATTERN, pattern):
            raise ValueError(
                f"{pattern[:100]!r} is no event type; write heed.tickets.ticket.opened.v1 or heed.tickets.*"
            )
    return TypeFilter(patterns)


Types = Annotated[str, Field(max_length=4_000), AfterValidator(_known_form)]

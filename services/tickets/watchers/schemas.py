"""Watchers as they go out."""

from datetime import datetime
from uuid import UUID

from services.tickets.watchers.models import Because
from shared.http.schemas import Model


class WatcherOut(Model):
    """`because`: they, or somebody else, asked for it, or a note mentioned them."""

    user_id: UUID
    name: str | None
    because: Because
    since: datetime

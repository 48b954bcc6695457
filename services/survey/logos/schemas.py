"""Bodies of `/v1/surveys/logos`."""

from datetime import datetime
from uuid import UUID

from shared.http.schemas import Model


class LogoOut(Model):
    """`id` goes into a definition's `theme.logo_file_id`; `url` shows it to everybody. `size` in bytes."""

    id: UUID
    media_type: str
    size: int
    url: str
    created_at: datetime

"""The policy, as it goes in and out."""

from pydantic import Field

from shared.http.schemas import Model


class Privacy(Model):
    """Who may not read single answers (no `feedback:read`) sees no score of fewer than `minimum` of them, and none that
    another one would give away. With 0 everybody sees everything."""

    minimum: int = Field(default=5, ge=0, le=50)

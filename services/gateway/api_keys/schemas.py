from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from shared.auth.scopes import ALL
from shared.http.schemas import Model, Moment, Name


def _known(scope: str) -> str:
    if scope not in ALL:
        raise ValueError("is not a scope; they are called `<noun>:read` or `<noun>:write`, such as `tickets:read`")
    return scope


Scope = Annotated[str, Field(max_length=50, examples=["tickets:read"]), AfterValidator(_known)]


class NewAPIKey(Model):
    """`scopes` are at most the caller's own. Without `expires_at` the key works until it is revoked."""

    name: Name
    scopes: list[Scope] = Field(min_length=1, max_length=len(ALL))
    expires_at: Moment | None = None


class APIKeyOut(Model):
    """`hint` is how the key begins. `last_used_at` is exact to about a minute."""

    id: UUID
    name: str
    hint: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class APIKeyCreated(APIKeyOut):
    """`key` is told here and never again: keep it safe. It is null if this answer is a replay of an earlier one."""

    key: str | None

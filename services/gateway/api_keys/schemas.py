import re
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from shared.auth.scopes import ALL
from shared.http.schemas import Model, Moment, Name


def _known(scope: str) -> str:
    if scope not in ALL:
        raise ValueError("is not a scope; they are called `<noun>:read` or `<noun>:write`, such as `tickets:read`")
    return scope


Scope = Annotated[str, Field(max_length=50, examples=["tickets:read"]), AfterValidator(_known)]


KeyKind = Literal["secret", "publishable"]
# All that a publishable key may do.
PUBLISHABLE_SCOPES = ["feedback:write"]
MOST_ORIGINS = 50
_ORIGIN = re.compile(r"https?://(?:[a-z0-9-]+\.)*[a-z0-9-]+(?::[0-9]{1,5})?")


def _origin(value: str) -> str:
    value = value.strip().lower().rstrip("/")
    if not _ORIGIN.fullmatch(value):
        raise ValueError("is not an origin: scheme, host and port as a browser names them, https://www.example.com")
    return value


def _problem(pointer: str, text: str) -> PydanticCustomError:
    return PydanticCustomError("api_key", text, {"pointer": pointer})


# As browsers send it in `Origin`: without a path, and without the port that the scheme has anyway.
Origin = Annotated[str, Field(max_length=300, examples=["https://www.example.com"]), AfterValidator(_origin)]
Origins = Annotated[list[Origin], Field(max_length=MOST_ORIGINS)]


class NewAPIKey(Model):
    """`scopes` are at most the caller's own. Without `expires_at` the key works until it is revoked.

    A `publishable` key is for web pages: it may hand in feedback from the pages of `origins` and do nothing else.
    """

    name: Name
    kind: KeyKind = "secret"
    scopes: list[Scope] = Field(default_factory=list, max_length=len(ALL))
    origins: Origins = Field(default_factory=list)
    expires_at: Moment | None = None

    @model_validator(mode="after")
    def is_one_kind(self) -> Self:
        if self.kind == "publishable":
            if not self.origins:
                raise _problem("/origins", "a publishable key needs `origins`, the web sites that may use it")
            if self.scopes not in ([], PUBLISHABLE_SCOPES):
                raise _problem("/scopes", "a publishable key hands in feedback and nothing else: leave `scopes` out")
        elif self.origins:
            raise _problem("/origins", "`origins` are of publishable keys; a secret key must never stand in a web page")
        elif not self.scopes:
            raise _problem("/scopes", "say in `scopes` what the key may do")
        return self


class APIKeyChange(Model):
    """What is left out stays as it is. `origins` are of publishable keys."""

    name: Name = Field(default_factory=str)
    origins: Annotated[list[Origin], Field(min_length=1, max_length=MOST_ORIGINS)] = Field(default_factory=list)


class APIKeyOut(Model):
    """`hint` is how the key begins; `public_key` is the whole of a publishable one. `last_used_at` is exact to about a
    minute."""

    id: UUID
    kind: KeyKind
    name: str
    hint: str
    public_key: str | None
    origins: list[str]
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class APIKeyCreated(APIKeyOut):
    """`key` is told here and never again: keep it safe. It is null if this answer is a replay of an earlier one.

    So is `identity_secret`, which goes with a publishable key: your server signs with it who a visitor is.
    """

    key: str | None
    identity_secret: str | None

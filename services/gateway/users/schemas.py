from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, EmailStr, Field, field_validator

from shared.http.schemas import Model, Name

SHORTEST_PASSWORD = 10
# Longer ones cost time to hash and add nothing.
LONGEST_PASSWORD = 200


class Role(StrEnum):
    """Named sets of scopes; see shared/auth/scopes.py."""

    OWNER = "owner"
    ADMIN = "admin"
    AGENT = "agent"
    ANALYST = "analyst"
    VIEWER = "viewer"
    REPORTER = "reporter"


def _lower(value: str) -> str:
    return value.lower()


Email = Annotated[EmailStr, Field(max_length=254), AfterValidator(_lower)]
NewPassword = Annotated[str, Field(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]


class NewUser(Model):
    """Without a password, one is made up and told once, in the answer."""

    email: Email
    name: Name
    role: Role
    password: NewPassword | None = None


class UserChanges(Model):
    """What is absent stays. A new password ends all sessions of that person."""

    name: Name | None = None
    role: Role | None = None
    password: NewPassword | None = None

    @field_validator("name", "role", "password", mode="before")
    @classmethod
    def refuse_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be taken away; leave the field out to keep it as it is")
        return value


class PasswordChange(Model):
    current_password: str = Field(max_length=LONGEST_PASSWORD)
    new_password: NewPassword


class UserOut(Model):
    id: UUID
    email: str
    name: str
    role: Role
    version: int
    created_at: datetime


class UserCreated(UserOut):
    """`password` is told here and never again; null if the caller chose it, or if this answer is a replay."""

    password: str | None

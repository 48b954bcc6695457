from datetime import datetime
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, field_validator

from services.gateway.api_keys.schemas import APIKeyOut
from services.gateway.users.schemas import Email, NewPassword, UserOut
from shared.contracts.base import ActorKind
from shared.http.schemas import Model, Name


def _time_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone of the IANA database, such as `Europe/Prague`") from None
    return value


Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35, examples=["en", "de-AT"])]
TimeZone = Annotated[str, Field(max_length=64, examples=["Europe/Prague"]), AfterValidator(_time_zone)]


class NewOwner(Model):
    """Without a password, one is made up and told once, in the answer."""

    email: Email
    name: Name
    password: NewPassword | None = None


class NewAccount(Model):
    name: Name
    locale: Locale = "en"
    timezone: TimeZone = "UTC"
    owner: NewOwner


class AccountChanges(Model):
    """What is absent stays. The name stands in mails and on survey pages; language and time zone are for customers of
    whom no others are known."""

    name: Name | None = None
    locale: Locale | None = None
    timezone: TimeZone | None = None

    @field_validator("name", "locale", "timezone", mode="before")
    @classmethod
    def refuse_null(cls, value: object) -> object:
        if value is None:
            raise ValueError("cannot be taken away; leave the field out to keep it as it is")
        return value


class AccountOut(Model):
    account_id: UUID
    name: str
    locale: str
    timezone: str
    version: int
    created_at: datetime


class AccountOpened(Model):
    """`password` and `api_key` (all scopes) are told here and never again; null if this answer is a replay."""

    account: AccountOut
    owner: UserOut
    password: str | None
    api_key: str | None


class ActorOut(Model):
    kind: ActorKind
    id: str


class Me(Model):
    """Who the credential stands for. A session has `user` and `csrf_token`, an API key has `api_key`."""

    account: AccountOut
    actor: ActorOut
    scopes: list[str]
    user: UserOut | None
    api_key: APIKeyOut | None
    csrf_token: str | None

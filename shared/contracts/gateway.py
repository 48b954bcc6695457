"""What the gateway tells the others: accounts and the people who work in them."""

from typing import ClassVar
from uuid import UUID

from shared.contracts.base import Payload


class AccountCreated(Payload):
    """A new account exists; services set up its defaults. Subject: the account."""

    TYPE: ClassVar[str] = "heed.gateway.account.created.v1"

    account_id: UUID
    name: str
    locale: str
    timezone: str


class AccountUpdated(Payload):
    """The account's name, language or time zone changed. Subject: the account."""

    TYPE: ClassVar[str] = "heed.gateway.account.updated.v1"

    account_id: UUID
    name: str
    locale: str
    timezone: str


class UserAdded(Payload):
    """A person may now work in the account. Subject: the user."""

    TYPE: ClassVar[str] = "heed.gateway.user.added.v1"

    user_id: UUID
    name: str
    email: str
    role: str


class UserUpdated(Payload):
    """A person's name or role changed; these are the ones after it. Subject: the user."""

    TYPE: ClassVar[str] = "heed.gateway.user.updated.v1"

    user_id: UUID
    name: str
    email: str
    role: str


class UserRemoved(Payload):
    """A person may no longer work in the account. Subject: the user."""

    TYPE: ClassVar[str] = "heed.gateway.user.removed.v1"

    user_id: UUID


class APIKeyCreated(Payload):
    """Somebody made an API key; the key itself is never told. Subject: the key."""

    TYPE: ClassVar[str] = "heed.gateway.api-key.created.v1"

    api_key_id: UUID
    name: str
    scopes: tuple[str, ...]


class APIKeyRevoked(Payload):
    """An API key no longer works. Subject: the key."""

    TYPE: ClassVar[str] = "heed.gateway.api-key.revoked.v1"

    api_key_id: UUID

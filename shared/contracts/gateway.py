"""What the gateway tells the others: accounts and the people who work in them."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Payload
from shared.contracts.subjects import ErasureMode, SubjectRight, SubjectStage


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
    """Somebody made an API key; a secret key itself is never told. Subject: the key.

    A `publishable` one stands in the source of web pages: it is told, with the `origins` that may use it.
    """

    TYPE: ClassVar[str] = "heed.gateway.api-key.created.v1"

    api_key_id: UUID
    name: str
    scopes: tuple[str, ...]
    kind: Literal["secret", "publishable"] = "secret"
    public_key: str | None = None
    origins: tuple[str, ...] = ()
    expires_at: datetime | None = None


class APIKeyUpdated(Payload):
    """A key's name or the origins that may use it changed; these are the ones after it. Subject: the key."""

    TYPE: ClassVar[str] = "heed.gateway.api-key.updated.v1"

    api_key_id: UUID
    name: str
    kind: Literal["secret", "publishable"]
    origins: tuple[str, ...]


class APIKeyRevoked(Payload):
    """An API key no longer works. Subject: the key."""

    TYPE: ClassVar[str] = "heed.gateway.api-key.revoked.v1"

    api_key_id: UUID


class SubjectRequestOpened(Payload):
    """A person's right is to be carried out by `services`, each in one transaction, answered with its own event.

    It comes again, `attempt` counted up, for services that have not answered: doing it twice must change nothing.
    `customer_ids` are all ids that the person is or was known by (empty while `stage` is `locate`), and
    `customer_version` the version of the record after what customers did. Subject: the request.
    """

    TYPE: ClassVar[str] = "heed.gateway.subject-request.opened.v1"

    request_id: UUID
    kind: SubjectRight
    mode: ErasureMode | None
    stage: SubjectStage
    services: tuple[str, ...]
    attempt: int
    customer_id: UUID
    customer_ids: tuple[UUID, ...]
    customer_version: int | None
    requested_at: datetime
    export_expires_at: datetime | None


class SubjectRequestFinished(Payload):
    """Every service has done its part, or it turned out that there is nothing to do. Subject: the request."""

    TYPE: ClassVar[str] = "heed.gateway.subject-request.finished.v1"

    request_id: UUID
    kind: SubjectRight
    mode: ErasureMode | None
    customer_id: UUID
    outcome: Literal["done", "refused"]
    reason: str | None
    requested_at: datetime
    finished_at: datetime


class SubjectRequestDue(Payload):
    """The legal time for a request runs out (GDPR Art. 12(3)) and these services have not done their part.

    Subject: the request.
    """

    TYPE: ClassVar[str] = "heed.gateway.subject-request.due.v1"

    request_id: UUID
    kind: SubjectRight
    waiting_for: tuple[str, ...]
    due_at: datetime
    overdue: bool

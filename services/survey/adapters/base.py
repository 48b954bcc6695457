"""What an adapter is: how one sender signs, what its payloads mean, what it can and cannot do.

An adapter holds no state and no account: everything of a source comes with the `Connection`. Of the three shapes, and
`Replies`, it takes those that its sender has.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, Protocol
from uuid import UUID

from pydantic import Field

from services.survey.hearing.canonical import Hint, Item
from shared.http.schemas import Model

Reason = Literal[
    "missing_signature",
    "wrong_signature",
    "malformed_signature",
    "stale",
    "future",
    "duplicate_header",
    "replayed",
    "wrong_audience",
    "wrong_network",
]


Secret = Annotated[str, Field(min_length=1, max_length=10_000)]
# The new one first; the one before lives on until the sender has changed over.
LiveSecrets = Annotated[list[Secret], Field(min_length=1, max_length=2)]


class Rejected(Exception):
    """The signature is not the sender's: answered with 401, whatever the reason, which only the source's owner sees."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class Unreadable(Exception):
    """Signed by the sender, and yet not what its payloads look like: kept in quarantine, with this text."""


class KeysNeeded(Exception):
    """`verify` lacks the sender's public keys, or has old ones: await `prepare`, once, and verify again."""


class ReplyRefused(Exception):
    """The platform took the reply and refused it for good, or would: the text says why."""


@dataclass(frozen=True, slots=True)
class Received:
    """A request as it came. `headers` in the order of arrival, names in lower case, none dropped; `url` is the public
    address with the query string as it was sent, built from configuration and never from `Host`. `client` is the IP
    address that it came from, if it is still known."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...]
    body: bytes
    at: datetime
    client: str | None = None

    def header(self, name: str) -> str | None:
        """The only one of that name. Raises `Rejected` if there are several: which one would be believed?"""
        found = [value for key, value in self.headers if key == name]
        if len(found) > 1:
            raise Rejected("duplicate_header")
        return found[0] if found else None

    @property
    def content_type(self) -> str:
        return next((value for key, value in self.headers if key == "content-type"), "")


@dataclass(frozen=True, slots=True)
class Verified:
    """`delivery_id`: the sender's name of this delivery, by which a repeated one is known. `once`: a token that must
    not come twice. `scheme`: which version of the sender's signature it was."""

    scheme: str
    delivery_id: str | None = None
    once: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handshake:
    """The answer to a platform that asks whether somebody is at home; `body` goes out as `media_type`."""

    body: str
    media_type: str = "text/plain"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a sender allows, as data: the product obeys it, and shows it.

    `text`: reviews come with their words. `reply`: an answer can be posted; `reply_limit` in characters. `look_back`:
    how far the past can be asked for; None: everything, or nothing where `poll` is false. `deletions`: it tells of
    them.
    """

    text: bool = True
    reply: bool = False
    reply_limit: int | None = None
    reply_edits: bool = False
    push: bool = True
    poll: bool = False
    look_back: timedelta | None = None
    edits: bool = True
    deletions: bool = False


@dataclass(frozen=True, slots=True)
class Connection:
    """One account's source. `settings` and `secrets` are the adapter's own models; several secrets may be live."""

    source_id: UUID
    account_id: UUID
    settings: Any
    secrets: Any
    url: str


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """`content` is the parsed JSON, or None if it is none; `text` is what came, `body` its bytes. `headers` by their
    names in lower case."""

    status: int
    headers: Mapping[str, str]
    content: Any
    text: str
    body: bytes = b""


class Platform(Protocol):
    """The way out to a platform: guarded against private addresses, paced, and stopped when the platform is down.

    `Retry-After` and 429 are honoured by whoever schedules: `PlatformBusy` says until when.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
    ) -> PlatformAnswer:
        """Answers of any status but 429 and 5xx. Raises `PlatformBusy` or `PlatformDown`."""
        ...

    async def download(self, url: str, *, headers: Mapping[str, str], at_most: int) -> bytes | None:
        """A file's bytes, over some redirects, which are followed without the headers; None if they are more.

        Raises as `request`, `AccessDenied`, or `Unreadable` for any other answer than a file.
        """
        ...

    async def resolve(self, host: str) -> str:
        """An address of a host that is spoken to in another language than HTTP, if it may be reached.

        Raises `PlatformDown` for a name that has none, or none that is allowed.
        """
        ...

    def now(self) -> datetime:
        """The time, for tokens that say when they were made."""
        ...


class PlatformBusy(Exception):
    """Ask again at `retry_at`."""

    def __init__(self, retry_at: datetime) -> None:
        super().__init__("the platform asks to wait")
        self.retry_at = retry_at


class PlatformDown(Exception):
    """It could not be reached, or answered with an error of its own."""


class AccessDenied(Exception):
    """The platform does not accept the source's credentials (any more): a person has to connect it anew."""


@dataclass(frozen=True, slots=True)
class Polled:
    """`cursor` is where to go on, JSON of the adapter's own; `more`: there is more to fetch at once.

    `whole`: the items are all there is whose `external_id` begins like this (everything, if it is empty). What else is
    known of those is gone: so deletions are found at senders that do not tell of them. None: it is only a part.
    """

    items: Sequence[Item]
    cursor: dict[str, Any]
    more: bool = False
    whole: str | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """A reply that the platform has taken. `reference` is its name of it, if it has one."""

    reference: str | None = None
    state: Literal["posted", "pending"] = "posted"


class NoSettings(Model):
    """Nothing to set."""


class Adapter(ABC):
    """`settings` is what people see of a source, `secrets` what nobody sees again; both are shown as forms, so each
    field has a description that says where to find its value."""

    name: ClassVar[str]
    title: ClassVar[str]
    capabilities: ClassVar[Capabilities]
    settings: ClassVar[type[Model]] = NoSettings
    secrets: ClassVar[type[Model]] = NoSettings
    # What to do at the sender to connect it, a sentence each; `{url}` becomes the source's address.
    setup: ClassVar[Sequence[str]] = ()
    # Bytes of one delivery.
    largest: ClassVar[int] = 1_048_576

    def unfit(self, settings: Any, secrets: Any) -> Mapping[str, str]:
        """The secrets that are missing or of another kind than these settings ask for, and what each has to be."""
        return {}

    def asks(self, settings: Any) -> Mapping[str, str]:
        """By the names of the settings that lead there, the addresses which the source will reach out to where they
        are the account's own choice; `https://` and the host for what is not HTTP."""
        return {}


class Push(Adapter):
    """Sends to `/hooks/{token}`, and is answered with `accepted` once what it sent is kept."""

    accepted: ClassVar[Handshake] = Handshake('{"status":"ok"}', "application/json")

    @abstractmethod
    def verify(self, received: Received, connection: Connection) -> Verified:
        """On the raw bytes, before anything is parsed. Raises `Rejected`, or `KeysNeeded`."""

    async def prepare(self, platform: Platform, connection: Connection) -> None:
        """Fetch what `verify` missed; at most once a minute, however often it is asked. Raises as `Platform`."""

    def handshake(self, received: Received, connection: Connection) -> Handshake | None:
        """For a request that only asks whether the address is right; None: it is not one. Raises `Rejected`."""
        return None


class PushComplete(Push):
    """What it sends holds all there is to know."""

    @abstractmethod
    def parse(self, received: Received, connection: Connection) -> Sequence[Item]:
        """Of a verified delivery. Raises `Unreadable`; nothing else, whatever the bytes."""


class PushHint(Push):
    """What it sends says only that something changed. A hint is never believed: it costs one look, no more.

    An adapter may be `PushComplete` too: what it parses is heard, and what it hints at is looked up.
    """

    @abstractmethod
    def hints(self, received: Received, connection: Connection) -> Sequence[Hint]:
        """Raises `Unreadable`."""

    @abstractmethod
    async def fetch(self, hint: Hint, connection: Connection, platform: Platform) -> Sequence[Item]:
        """What is there now; an empty list if nothing is. Raises as `Platform`, or `AccessDenied`, `Unreadable`."""


class Poll(Adapter):
    """Is asked in turns. What was seen before may come again: the window overlaps, and versions make it harmless."""

    every: ClassVar[timedelta] = timedelta(hours=1)

    @abstractmethod
    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        """One page. An empty `cursor` is the first time. Raises what `PushHint.fetch` raises."""


class KeepsMedia(Adapter):
    """What hangs on its messages lies with it, and is given out for its credentials."""

    @abstractmethod
    def media_headers(self, url: str, connection: Connection) -> Mapping[str, str] | None:
        """What to ask with; None for an address that is not its own, which must not learn the credentials."""


class Replies(Adapter):
    """Takes answers to what was said there; its capabilities say how long."""

    @abstractmethod
    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        """Post or replace the answer. Raises `ReplyRefused` and what `PushHint.fetch` raises."""

    async def reply_state(self, external_id: str, connection: Connection, platform: Platform) -> Posted:
        """What became of a pending answer. Raises `ReplyRefused` with the platform's reason, and as `reply`."""
        return Posted()

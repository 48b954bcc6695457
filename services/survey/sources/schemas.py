"""Bodies of `/v1/adapters` and `/v1/sources`."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from services.survey.hearing.canonical import Hint, Item
from services.survey.mapping.presets import Preset
from shared.contracts.sources import SourceTrouble
from shared.http.schemas import Model, Moment, Name

SourceState = Literal["active", "paused", "removed"]
DeliveryState = Literal["received", "read", "quarantined", "ignored", "erased"]
Days = Annotated[int, Field(ge=1, le=365)]
_EXAMPLE: Final[JsonDict] = {
    "adapter": "judgeme",
    "name": "Reviews of the shop",
    "settings": {},
    "secrets": {"secrets": ["..."]},
}


class CapabilitiesOut(Model):
    """`reply_limit` in characters, `look_back_days` is how far the past can be asked for; null means that there is no
    limit. `deletions`: the sender tells of what was removed."""

    text: bool
    reply: bool
    reply_limit: int | None
    reply_edits: bool
    push: bool
    poll: bool
    look_back_days: int | None
    edits: bool
    deletions: bool


class AdapterOut(Model):
    """A kind of sender that can be connected. `settings` and `secrets` are JSON Schemas, to make forms of; `setup` is
    what to do at the sender, step by step."""

    name: str
    title: str
    capabilities: CapabilitiesOut
    settings: dict[str, Any]
    secrets: dict[str, Any]
    setup: list[str]


class Adapters(Model):
    data: list[AdapterOut]


class NewSource(Model):
    """`settings` and `secrets` as the adapter wants them, see `GET /v1/adapters`. Secrets are never shown again.

    `silent_after_days`: after so many days without a word the source counts as silent; null: by its own rhythm.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    adapter: Annotated[str, Field(max_length=50)]
    name: Name
    settings: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, Any] = Field(default_factory=dict)
    silent_after_days: Days | None = None


class SourceChange(Model):
    """What is left out stays; `settings` are replaced as a whole."""

    name: Name | None = None
    settings: dict[str, Any] | None = None
    silent_after_days: Days | None = None


class NewSecrets(Model):
    """The former secrets go on being accepted for `keep_former_hours`, since senders take their time to change."""

    secrets: dict[str, Any]
    keep_former_hours: Annotated[int, Field(ge=0, le=168)] = 24


class TroubleOut(Model):
    """`detail` says what was seen, `remedy` what to do about it."""

    kind: SourceTrouble
    since: datetime
    detail: str
    remedy: str


class RejectionOut(Model):
    """Requests that were refused in the last seven days for one reason. Nothing of them is kept."""

    reason: str
    count: int
    last_at: datetime


class SourceOut(Model):
    """`builtin`: one of ours, such as the website's forms. `secrets` are the names of those that are set.

    Until `former_address_until` the address of before the last rotation works too, and until `former_secrets_until` the
    secrets of before. `waiting` deliveries are kept and not read yet.
    """

    id: UUID
    adapter: str
    builtin: bool
    name: str
    state: SourceState
    settings: dict[str, Any]
    secrets: list[str]
    former_address_until: datetime | None
    former_secrets_until: datetime | None
    silent_after_days: int | None
    trouble: TroubleOut | None
    last_received_at: datetime | None
    last_heard_at: datetime | None
    last_polled_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


class SourceDetails(SourceOut):
    waiting: int
    rejections: list[RejectionOut]


class ConnectedSource(SourceOut):
    """`hook_url` is shown this once (null for a sender that is only asked); whoever has lost it rotates it.
    `setup` is what to do with it at the sender."""

    hook_url: str | None
    setup: list[str]


class DeliveryOut(Model):
    """Something that was sent, as it came. `items` were in it; `problem` says why it is in quarantine."""

    id: UUID
    delivery_id: str
    state: DeliveryState
    problem: str | None
    items: int
    size: int
    received_at: datetime
    read_at: datetime | None


class NamedValue(Model):
    name: str
    value: str


class DeliveryDetails(DeliveryOut):
    """`headers` and `query` in the order of arrival, without the values of what is secret. `body` is its text, up to a
    million bytes; null if it is none, then `body_base64` has its bytes. `cut` if there was more."""

    method: str
    scheme: str
    headers: list[NamedValue]
    query: list[NamedValue]
    body: str | None
    body_base64: str | None
    cut: bool


class Sample(Model):
    """Something as the sender would send it, pasted. `settings`: others than the source has, to see what they would
    make of it."""

    body: Annotated[str, Field(max_length=1_000_000)]
    headers: dict[str, Annotated[str, Field(max_length=10_000)]] = Field(default_factory=dict, max_length=100)
    settings: dict[str, Any] | None = None


class MappedSample(Sample):
    """A sample, and the mapping (`settings` of the adapter `json`) that shall read it."""

    settings: dict[str, Any]


class Presets(Model):
    data: list[Preset]


class FieldTrouble(Model):
    """A part of a mapping, such as `rules/0/rating`, and what is wrong with what it found."""

    place: str
    detail: str


class Tried(Model):
    """What would be heard: `items`, or `hints` at what would be looked up. `problem` says why it could not be read,
    and `fields`, for a mapping, which of its parts could not."""

    items: list[Item]
    hints: list[Hint]
    problem: str | None
    fields: list[FieldTrouble] = Field(default_factory=list)


class NewReplay(Model):
    """What came from `from` (included) to `to` (excluded) is read again, by the present adapter and settings."""

    since: Annotated[Moment, Field(alias="from")]
    until: Annotated[Moment, Field(alias="to")]


class ReplayOut(Model):
    """`total` deliveries are read again, `read` of them were by now, `quarantined` could not be."""

    id: UUID
    since: Annotated[datetime, Field(alias="from")]
    until: Annotated[datetime, Field(alias="to")]
    state: Literal["running", "done", "stopped"]
    total: int
    read: int
    quarantined: int
    created_at: datetime
    finished_at: datetime | None

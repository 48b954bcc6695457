"""Connected sources, such as review platforms, shops and mailboxes, as the survey service tells of them."""

from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import Field

from shared.contracts.base import Part, Payload

# `silent`: nothing comes any more; `unannounced`: what is new is found only by asking, and used to be announced;
# `failing`: what comes is not signed as agreed, or cannot be read, or the platform answers with errors; `denied`: the
# platform does not accept our credentials any more.
SourceTrouble = Literal["silent", "unannounced", "failing", "denied"]


class SourceChanged(Payload):
    """Somebody connected, changed, paused, resumed or removed a source, or gave it a new address or new secrets.

    `fields` are the names of what was changed, never its values. Subject: the source.
    """

    TYPE: ClassVar[str] = "heed.survey.source.changed.v1"

    source_id: UUID
    adapter: str
    name: str
    change: Literal["connected", "updated", "paused", "resumed", "removed", "address_rotated", "secrets_rotated"]
    fields: tuple[str, ...] = ()


class SourceDelivered(Payload):
    """A source sent something: it is kept as it came, and will be read. Subject: the source."""

    TYPE: ClassVar[str] = "heed.survey.source.delivered.v1"

    source_id: UUID
    delivery_id: UUID


class SourceEvidence(Part):
    """What was seen, for programs. `count`: of requests or deliveries; `reasons`: of refused requests, by code;
    `since`: when something came last."""

    kind: Literal["refused", "unreadable", "unannounced", "silent"]
    count: int | None = None
    reasons: dict[str, int] = Field(default_factory=dict)
    since: datetime | None = None


class SourceTroubled(Payload):
    """A source went silent or started failing; told once, until it has recovered. Subject: the source.

    `detail` says what was seen, `remedy` what to do about it; both are for people, in English. `evidence` is null where
    a platform itself said what is wrong.
    """

    TYPE: ClassVar[str] = "heed.survey.source.troubled.v1"

    source_id: UUID
    adapter: str
    name: str
    trouble: SourceTrouble
    detail: str
    remedy: str
    since: datetime
    evidence: SourceEvidence | None = None


class SourceRecovered(Payload):
    """A source that was in trouble works again. Subject: the source."""

    TYPE: ClassVar[str] = "heed.survey.source.recovered.v1"

    source_id: UUID
    adapter: str
    name: str
    trouble: SourceTrouble
    since: datetime
    recovered_at: datetime

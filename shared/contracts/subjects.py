"""Words of a data subject's request (GDPR Art. 15 to 21) that all services share, and the answers that differ in
nothing but who gives them; so they stand here side by side."""

from typing import ClassVar, Literal
from uuid import UUID

from shared.contracts.base import Part, Payload

SubjectRight = Literal["export", "erase", "restrict", "unrestrict"]
# `pseudonymise` keeps scores, counts and times, and nothing that leads to the person.
ErasureMode = Literal["delete", "pseudonymise"]
# `locate`: customers says who is meant. `act`: every service does its part. `sweep`: an erasure once more, for what was
# still travelling between the services when it was done the first time.
SubjectStage = Literal["locate", "act", "sweep"]
# What became of a record. `restored` undoes `restricted`; `kept` is what an erasure has to leave; its kind says why.
Treatment = Literal["exported", "deleted", "pseudonymised", "restricted", "restored", "kept"]


class RecordCount(Part):
    """So many records of one kind, such as `responses`, were treated this way."""

    kind: str
    treatment: Treatment
    count: int


class SubjectPart(Part):
    """What one service did in one stage of a request. It names nobody.

    `digest` of an export: SHA-256, in hex, of the service's lines as they stand in the bundle. `reason` says why a
    service refused; it does not try again.
    """

    request_id: UUID
    stage: SubjectStage
    outcome: Literal["done", "refused"]
    reason: str | None
    records: tuple[RecordCount, ...]
    digest: str | None


class GatewayPartDone(Payload):
    """The gateway's own part of a subject request. Subject: the request."""

    TYPE: ClassVar[str] = "heed.gateway.subject-part.done.v1"

    part: SubjectPart


class SurveyPartDone(Payload):
    """What survey did for a subject request. Subject: the request."""

    TYPE: ClassVar[str] = "heed.survey.subject-part.done.v1"

    part: SubjectPart


class TicketsPartDone(Payload):
    """What tickets did for a subject request. Subject: the request."""

    TYPE: ClassVar[str] = "heed.tickets.subject-part.done.v1"

    part: SubjectPart


class MetricsPartDone(Payload):
    """What metrics did for a subject request. Subject: the request."""

    TYPE: ClassVar[str] = "heed.metrics.subject-part.done.v1"

    part: SubjectPart


class NotifierPartDone(Payload):
    """What the notifier did for a subject request. Subject: the request."""

    TYPE: ClassVar[str] = "heed.notifier.subject-part.done.v1"

    part: SubjectPart

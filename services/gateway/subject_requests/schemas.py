"""Requests of people as they come in and go out."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from shared.contracts.subjects import ErasureMode, SubjectRight, SubjectStage, Treatment
from shared.http.schemas import Model


class NewSubjectRequest(Model):
    """What a person wants done with all that is held of them. `mode` is of erasures: `delete` (the default) removes
    everything; `pseudonymise` keeps scores, counts and times, and nothing that leads to the person."""

    kind: SubjectRight
    customer_id: UUID
    mode: ErasureMode | None = None

    @model_validator(mode="after")
    def only_erasures_have_a_mode(self) -> Self:
        if self.mode is not None and self.kind != "erase":
            raise PydanticCustomError(
                "subject_request", "only erasures have a mode: leave `mode` out", {"pointer": "/mode"}
            )
        return self


class RecordCountOut(Model):
    """So many records of one kind were treated this way."""

    kind: str
    treatment: Treatment
    count: int


class PartOut(Model):
    """What one service did in one stage, and when; `done_at` is null while it has not answered.

    `digest` of an export: SHA-256, in hex, of the service's lines in the bundle.
    """

    service: str
    stage: SubjectStage
    done_at: datetime | None
    records: list[RecordCountOut]
    digest: str | None


class SubjectRequestOut(Model):
    """`waiting_for` names the services that have not done their part of the present stage.

    `due_at` is when the law wants it done (GDPR, article 12 (3)). `bundle_expires_at` is set if there is a bundle.
    """

    id: UUID
    kind: SubjectRight
    mode: ErasureMode | None
    customer_id: UUID
    state: Literal["open", "done", "refused"]
    stage: SubjectStage
    reason: str | None
    waiting_for: list[str]
    requested_by: str
    requested_at: datetime
    due_at: datetime
    finished_at: datetime | None
    bundle_expires_at: datetime | None
    parts: list[PartOut]


class ReceiptOut(Model):
    """`receipt` is a JWS in compact form (RFC 7515), signed with Ed25519 (RFC 8037); `statement` is what it says."""

    receipt: str
    statement: dict[str, Any]


class PublicKeys(Model):
    """A JSON Web Key Set (RFC 7517): what receipts are verified with."""

    keys: list[dict[str, Any]] = Field(description="Public keys; a receipt's header names its key by `kid`.")

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BeforeValidator, JsonValue

from shared.http.schemas import Model


def _hex(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


Hex = Annotated[str, BeforeValidator(_hex)]


class AuditEntryOut(Model):
    """`evidence` is the SHA-256 of the event as it travelled; `hash` covers all other fields and `previous_hash`."""

    position: int
    occurred_at: datetime
    recorded_at: datetime
    actor: str
    type: str
    subject: str
    event_id: UUID | None
    evidence: Hex | None
    details: dict[str, JsonValue]
    previous_hash: Hex
    hash: Hex


class Verification(Model):
    """Whether the entries after `after` still say what they said when they were written.

    `broken_at` is the first position that does not fit. `complete` is false if there are more entries: go on with
    `after` = `verified_through`. Keep `head_hash` somewhere else: it proves later that nothing was cut off the end.
    """

    intact: bool
    checked: int
    after: int
    verified_through: int
    broken_at: int | None
    complete: bool
    head_hash: Hex

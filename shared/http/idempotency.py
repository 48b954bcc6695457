"""`Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), kept in the database, in the effect's own transaction.

Same key and body: the stored answer again. Same key, other body: 422. Still running: 409. An answer that failed is not
kept, because its transaction was rolled back: the same call may simply be made again.
"""

import hmac
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy import func, insert, select
from starlette.responses import Response

from shared.http.errors import Conflict, Unacceptable
from shared.settings import ServiceSettings
from shared.work import Work

HEADER = "Idempotency-Key"
LONGEST_KEY = 255
_KEPT_HEADERS = ("content-type", "etag", "location", "link")


def fingerprint_of(body: bytes, settings: ServiceSettings) -> bytes:
    """Keyed, so that a stolen table does not let anybody test what a body (a password in it) may have been."""
    return hmac.digest(settings.derived_key("idempotency"), body, "sha256")


class RequestInProgress(Conflict):
    """A request with this Idempotency-Key is still running. Wait a moment and ask again."""

    code = "idempotency_in_progress"


class Replay(Exception):
    """The answer to this request is already known."""

    def __init__(self, response: Response) -> None:
        self.response = response


@dataclass(frozen=True, slots=True)
class PendingKey:
    """A key whose answer is being made in `work`."""

    work: Work
    identity: dict[str, str]
    fingerprint: bytes

    async def remember(self, response: Response) -> None:
        """Store the answer beside its effect; one commit keeps both or neither."""
        if response.status_code >= 400:
            return
        kept = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        values: dict[str, Any] = self.identity | {
            "account_id": self.work.account_id,
            "fingerprint": self.fingerprint,
            "status": response.status_code,
            "headers": kept,
            "body": bytes(response.body),
            "created_at": self.work.now,
        }
        await self.work.session.execute(insert(self.work.tables.idempotency_keys).values(values))


async def claim_key(request: Request, work: Work, credential: str) -> PendingKey | None:
    """None without the header. Raises `Replay`, `RequestInProgress`, or `Unacceptable` for a reused key."""
    key = request.headers.get(HEADER, "").strip('"')
    if not key or request.method not in ("POST", "PUT", "PATCH", "DELETE"):
        return None
    if len(key) > LONGEST_KEY or not key.isprintable():
        raise Unacceptable.field(f"header:{HEADER}", "key", f"At most {LONGEST_KEY} printable characters.")
    identity = {"caller": credential, "route": f"{request.method} {request.url.path}", "key": key}
    fingerprint = fingerprint_of(await request.body(), work.settings)
    lock = "\n".join((str(work.account_id), *identity.values()))
    if not await work.session.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(lock, 0)))):
        raise RequestInProgress(retry_after=1)
    keys = work.tables.idempotency_keys
    found = await work.session.execute(
        select(keys).where(
            *(keys.c[name] == value for name, value in identity.items()), keys.c.account_id == work.account_id
        )
    )
    row = found.one_or_none()
    if row is None:
        return PendingKey(work, identity, fingerprint)
    if row.fingerprint != fingerprint:
        detail = "This key was used with another body; choose a new key for a new request."
        raise Unacceptable.field(f"header:{HEADER}", "key_reused", detail)
    raise Replay(Response(row.body, row.status, {**row.headers, "Idempotent-Replayed": "true"}))

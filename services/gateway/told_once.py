"""Secrets that are told once. An idempotent replay repeats the answer, so what is stored for it must not hold them."""

from dataclasses import dataclass

import orjson
from fastapi import Request
from starlette.responses import Response

from shared.http.idempotency import PendingKey


@dataclass(frozen=True, slots=True)
class _WithoutSecrets:
    pending: PendingKey
    fields: tuple[str, ...]

    async def remember(self, response: Response) -> None:
        body = orjson.loads(bytes(response.body)) | dict.fromkeys(self.fields)
        kept = Response(orjson.dumps(body), response.status_code, dict(response.headers))
        await self.pending.remember(kept)


def tell_once(request: Request, *fields: str) -> None:
    """Have these top-level fields of the answer be null whenever it is replayed."""
    pending = request.scope.get("heed.idempotency")
    if pending is not None:
        request.scope["heed.idempotency"] = _WithoutSecrets(pending, fields)

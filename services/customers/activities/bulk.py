"""`POST /v1/activities/bulk`: up to 1,000 activities as JSON in one transaction, or a file of any length in many.

While PostgreSQL writes one batch of a file the next is read and checked.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import orjson
from fastapi import Request, Response

from services.customers.activities.reading import CSV, MOST_ITEMS, NDJSON, Item, items_of, json_items, portions
from services.customers.activities.schemas import NewActivity
from services.customers.activities.service import Outcome, record_all
from services.customers.records.auth import WRITE
from shared.auth.tokens import Principal
from shared.http.dependencies import authenticate, public_work
from shared.http.errors import FieldProblem
from shared.http.idempotency import claim_key
from shared.http.records import limited, write_behind

MOST_JSON_BYTES: Final = 8 * 1_048_576
MOST_PROBLEMS: Final = 10_000
BATCH: Final = 500

Record = Callable[[Sequence[NewActivity]], Awaitable[Sequence[Outcome]]]

OPENAPI: Final[dict[str, Any]] = {
    "security": [{"bearer": [WRITE]}],
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["activities"],
                    "properties": {
                        "activities": {"type": "array", "items": {"type": "object"}, "maxItems": MOST_ITEMS}
                    },
                },
                "example": {
                    "activities": [
                        {
                            "customer": {"email": "ana@example.com"},
                            "kind": "purchase",
                            "amount": {"amount": "49.90", "currency": "EUR"},
                            "source": "shop",
                            "source_id": "order-1042",
                        }
                    ]
                },
            },
            NDJSON[0]: {"schema": {"type": "string"}},
            CSV: {
                "schema": {"type": "string"},
                "example": "source,source_id,customer.email,kind,amount,currency\n"
                "shop,order-1042,ana@example.com,purchase,49.90,EUR\n",
            },
        },
    },
}


async def record(request: Request) -> Response:
    principal = authenticate(request, WRITE)
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind == "application/json":
        return await _record_json(limited(request, MOST_JSON_BYTES), principal)

    async def record_batch(activities: Sequence[NewActivity]) -> Sequence[Outcome]:
        async with public_work(request, principal.account_id, principal.actor) as work:
            return await record_all(work, activities)

    run = _Run(record_batch, lists_all=False)
    return _answer(await run.through(items_of(request.stream(), kind)))


async def _record_json(request: Request, principal: Principal) -> Response:
    items = json_items(await request.body())
    async with public_work(request, principal.account_id, principal.actor) as work:
        pending = await claim_key(request, work, principal.credential)
        run = _Run(lambda activities: record_all(work, activities), lists_all=True)
        answer = _answer(await run.through(portions(items)))
        if pending is not None:
            await pending.remember(answer)
    return answer


class _Run:
    """One call: reads, records and counts."""

    def __init__(self, record: Record, *, lists_all: bool) -> None:
        self._record, self._lists_all = record, lists_all
        # As `BulkItem`, but plain: a thousand checked models would cost a tenth of the call.
        self._items: list[dict[str, Any]] = []
        self._received = 0
        self._counts = {"created": 0, "corrected": 0, "duplicate": 0, "failed": 0}

    async def through(self, portions: AsyncIterator[Sequence[Item]]) -> dict[str, Any]:
        """As `BulkOutcome`."""
        await write_behind(portions, self._check, self._write, batch_size=BATCH)
        self._items.sort(key=lambda item: item["index"])
        counts = {"duplicates" if status == "duplicate" else status: count for status, count in self._counts.items()}
        return {"received": self._received, **counts, "data": self._items}

    async def _check(self, portion: Sequence[Item], batch: list[tuple[int, Item, NewActivity]]) -> None:
        for item in portion:
            if isinstance(item.activity, NewActivity):
                batch.append((self._received, item, item.activity))
            else:
                self._note(self._received, item, Outcome("failed", problems=item.activity))
            self._received += 1

    async def _write(self, batch: Sequence[tuple[int, Item, NewActivity]]) -> None:
        outcomes = await self._record([activity for _, _, activity in batch]) if batch else ()
        for (index, item, _), outcome in zip(batch, outcomes, strict=True):
            self._note(index, item, outcome)

    def _note(self, index: int, item: Item, outcome: Outcome) -> None:
        self._counts[outcome.status] += 1
        if self._lists_all or (outcome.problems and len(self._items) < MOST_PROBLEMS):
            self._items.append(
                {
                    "index": index,
                    "line": item.line,
                    "status": outcome.status,
                    "id": outcome.activity_id,
                    "customer_id": outcome.customer_id,
                    "errors": [_problem(problem) for problem in outcome.problems],
                }
            )


def _problem(problem: FieldProblem) -> dict[str, str]:
    return {"pointer": problem.pointer, "code": problem.code, "detail": problem.detail}


# asyncpg has a UUID of its own, which orjson does not know.
def _answer(result: dict[str, Any]) -> Response:
    return Response(orjson.dumps(result, default=str), media_type="application/json")

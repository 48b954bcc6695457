"""Keyset pagination: a page costs the same wherever it lies. Cursors are opaque and signed."""

import base64
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query, Request
from pydantic import BaseModel
from sqlalchemy import ColumnElement, Select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression

from shared.http.errors import Unacceptable

T = TypeVar("T")
U = TypeVar("U")

DEFAULT_LIMIT = 50
LARGEST_LIMIT = 1_000
_SIGNATURE_BYTES = 12


class Page(BaseModel, Generic[T]):
    """`next_cursor` is null on the last page. The router repeats it as `Link: rel="next"` (RFC 8288)."""

    data: list[T]
    next_cursor: str | None

    def map(self, convert: Callable[[T], U]) -> "Page[U]":
        return Page[Any].model_construct(data=[convert(item) for item in self.data], next_cursor=self.next_cursor)


@dataclass(slots=True)
class PageRequest:
    """What was asked for; `next_cursor` is what was found, for the router's `Link` header."""

    limit: int
    cursor: str | None
    key: bytes
    next_cursor: str | None = None


async def page_query(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=LARGEST_LIMIT, description="How many items at most.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=1_000, description="`next_cursor` of the page before.")] = None,
) -> PageRequest:
    page = PageRequest(limit, cursor, request.app.state.runtime.settings.derived_key("cursor"))
    request.scope["heed.page"] = page
    return page


PageQuery = Annotated[PageRequest, Depends(page_query)]


async def paginate(
    session: AsyncSession, statement: Select[*tuple[Any, ...]], page: PageRequest, *, keys: Sequence[ColumnElement[Any]]
) -> Page[Any]:
    """One page in the order of `keys`, which together are unique, not null, and all ascending or all descending.

    Raises `Unacceptable` for a cursor that is not one of ours or belongs to another order.
    """
    columns = [key.element if isinstance(key, UnaryExpression) else key for key in keys]
    descending = isinstance(keys[0], UnaryExpression) and keys[0].modifier is operators.desc_op
    order = ",".join(str(key) for key in keys)
    if page.cursor is not None:
        last = tuple_(*decode_cursor(page.cursor, page.key, order))
        position = tuple_(*columns)
        statement = statement.where(position < last if descending else position > last)
    for index, column in enumerate(columns):
        statement = statement.add_columns(column.label(f"_key{index}"))
    rows = (await session.execute(statement.order_by(*keys).limit(page.limit + 1))).all()
    shown = rows[: page.limit]
    next_cursor = None
    if len(rows) > page.limit:
        next_cursor = page.next_cursor = encode_cursor(list(shown[-1][-len(columns) :]), page.key, order)
    data = [row[0] if len(row) == len(columns) + 1 else row[: -len(columns)] for row in shown]
    return Page[Any].model_construct(data=data, next_cursor=next_cursor)


def encode_cursor(values: Sequence[Any], key: bytes, order: str) -> str:
    """The last row's sort key, signed, so that nobody builds a cursor that reaches what a filter hides."""
    body = orjson.dumps([_tagged(value) for value in values])
    return base64.urlsafe_b64encode(_sign(body, key, order) + body).decode().rstrip("=")


def decode_cursor(cursor: str, key: bytes, order: str) -> list[Any]:
    """Raises `Unacceptable` unless the cursor was made with this key for this order."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise _bad_cursor() from None
    signature, body = raw[:_SIGNATURE_BYTES], raw[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _sign(body, key, order)):
        raise _bad_cursor()
    return [_untagged(kind, value) for kind, value in orjson.loads(body)]


def _sign(body: bytes, key: bytes, order: str) -> bytes:
    return hmac.digest(key, order.encode() + b"\0" + body, "sha256")[:_SIGNATURE_BYTES]


def _bad_cursor() -> Unacceptable:
    return Unacceptable.field("query:cursor", "cursor", "Not a cursor of this list; start again without one.")


def _tagged(value: Any) -> list[Any]:
    if isinstance(value, datetime):
        return ["t", value.isoformat()]
    if isinstance(value, UUID):
        return ["u", str(value)]
    return ["v", value]


def _untagged(kind: str, value: Any) -> Any:
    if kind == "t":
        return datetime.fromisoformat(value)
    return UUID(value) if kind == "u" else value

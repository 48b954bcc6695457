"""`/v1/events`: the feed to poll, and the same as a stream."""

from collections.abc import AsyncIterator
from typing import Annotated

import orjson
from fastapi import Depends, Header, Query, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.notifier.log import repository as log
from services.notifier.log import stream
from services.notifier.log.auth import EventsRead
from services.notifier.log.schemas import EventFeed, Types, type_filter
from shared.http.dependencies import runtime_of
from shared.http.errors import Unacceptable
from shared.http.routing import APIRouter

LARGEST_NUMBER = 2**63 - 1

router = APIRouter(prefix="/v1/events", tags=["events"])

TypesQuery = Annotated[Types | None, Query(description="Separated by commas; `*` may end one: `heed.tickets.*`.")]


@router.get("", responses={200: {"model": EventFeed}})
async def list_events(
    request: Request,
    work: EventsRead,
    after: Annotated[int, Query(ge=0, le=LARGEST_NUMBER, description="The last number you have.")] = 0,
    cursor: Annotated[str | None, Query(max_length=20, description="`next_cursor` of the page before.")] = None,
    types: TypesQuery = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> Response:
    """Everything that happened in the account, oldest first."""
    start = max(after, _number(cursor, "query:cursor"))
    found = await log.read(work.session, work.account_id, after=start, types=type_filter(types), limit=limit)
    has_more = found.examined < await log.last_sequence(work.session, work.account_id)
    next_cursor = str(found.examined) if has_more else None
    # The stored bytes are passed on as they are; parsing and writing them anew could change them.
    data = b",".join(entry.body for entry in found.entries)
    body = b'{"data":[%b],"next_cursor":%b,"next_after":%d}' % (data, orjson.dumps(next_cursor), found.examined)
    response = Response(body, media_type="application/json")
    if has_more:
        url = request.url.include_query_params(cursor=next_cursor)
        response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
    return response


async def _subscription(
    request: Request,
    work: EventsRead,
    last_event_id: Annotated[str | None, Header(description="Sent by browsers when they reconnect.")] = None,
    after: Annotated[int | None, Query(ge=0, le=LARGEST_NUMBER, description="Start behind this number.")] = None,
    types: TypesQuery = None,
) -> stream.Subscription:
    """Where to start: the header wins, for it is newer than the address; neither means from now on."""
    start = after
    if last_event_id:
        start = _number(last_event_id, "header:Last-Event-ID")
    if start is None:
        start = await log.last_sequence(work.session, work.account_id)
    subscription = stream.Subscription(work.account_id, start, type_filter(types))
    stream.admit(runtime_of(request), subscription)
    return subscription


@router.get("/stream", response_class=EventSourceResponse)
async def stream_events(
    request: Request, subscription: Annotated[stream.Subscription, Depends(_subscription)]
) -> AsyncIterator[ServerSentEvent]:
    """Server-sent events; `id` is the sequence number. Reconnect with `Last-Event-ID`: nothing is skipped.

    A comment comes at least every 10 seconds. The stream ends after half an hour, so that a credential that was
    revoked does not listen for ever; browsers reconnect by themselves.
    """
    async for event in stream.follow(runtime_of(request), subscription):
        yield event


def _number(value: str | None, pointer: str) -> int:
    if not value:
        return 0
    if not value.isascii() or not value.isdigit() or int(value) > LARGEST_NUMBER:
        raise Unacceptable.field(pointer, "sequence", "Send the sequence number of the last event you have.")
    return int(value)

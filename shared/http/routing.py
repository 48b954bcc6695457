"""The router that every feature uses: reads strict JSON, replays idempotent answers and links to the next page."""

import json
import math
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Never

from fastapi import APIRouter as FastAPIRouter
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from shared.http.idempotency import Replay


class StrictRequest(Request):
    """Its body is JSON as RFC 8259 has it: no NaN, no Infinity, and no number that overflows into one."""

    async def json(self) -> Any:
        """Raises `json.JSONDecodeError`, which FastAPI answers as an unreadable body, and `UnicodeDecodeError`."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), parse_constant=_no_number, parse_float=_finite)
        return self._json


def _no_number(text: str) -> Never:
    raise json.JSONDecodeError(f"{text} is not a JSON number", text, 0)


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


class Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_replay(request: Request) -> Response:
            request = StrictRequest(request.scope, request.receive)
            try:
                response = await handle(request)
            except Replay as replay:
                return replay.response
            link_next_page(request, response)
            pending = request.scope.get("heed.idempotency")
            if pending is not None:
                await pending.remember(response)
            return response

        return handle_with_replay


def link_next_page(request: Request, response: Response) -> None:
    page = request.scope.get("heed.page")
    if page is not None and page.next_cursor is not None:
        path = request.url.include_query_params(cursor=page.next_cursor)
        response.headers["Link"] = f'<{path.path}?{path.query}>; rel="next"'


class APIRouter(FastAPIRouter):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("route_class", Route)
        kwargs.setdefault("generate_unique_id_function", _operation_id)
        super().__init__(*args, **kwargs)


def _operation_id(route: APIRoute) -> str:
    tag = str(route.tags[0]) if route.tags else "api"
    return f"{tag.replace(' ', '_').replace('-', '_')}_{route.name}"


class Plain:
    """For Starlette's own `Route`: an application of one function. What Starlette wraps around functions costs as much
    as reading the body."""

    def __init__(self, handle: Callable[[Request], Awaitable[Response]]) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._handle(Request(scope, receive))
        await response(scope, receive, send)

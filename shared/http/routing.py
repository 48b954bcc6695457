"""The router that every feature uses: replays idempotent answers and links to the next page."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter as FastAPIRouter
from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from shared.http.idempotency import Replay


class Route(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_with_replay(request: Request) -> Response:
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
        super().__init__(*args, **kwargs)

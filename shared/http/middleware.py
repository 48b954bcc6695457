"""What happens to every request before and after its route: ids, limits, headers, timing, the last net for errors."""

import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.errors import TooLarge, Unavailable
from shared.http.problems import problem_response, translate
from shared.ids import new_id
from shared.observability.metrics import REQUESTS
from shared.observability.tracing import new_traceparent, trace_id, valid_traceparent

LONGEST_REQUEST_ID = 100
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
log = structlog.get_logger(__name__)


class Edge:
    """Outermost layer of each service's application.

    `body_limit` is in bytes; `body_limits` states another, or None for no limit, for paths that begin so. More than
    `concurrency` requests at once are refused early with 503, so that those in flight keep their time.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        body_limit: int,
        body_limits: Mapping[str, int | None],
        concurrency: int,
        secure: bool,
    ) -> None:
        self.app = app
        self.service = service
        self.body_limit = body_limit
        self.body_limits = sorted(body_limits.items(), key=lambda item: -len(item[0]))
        self.concurrency = concurrency
        self.in_flight = 0
        extra = {"Strict-Transport-Security": "max-age=31536000"} if secure else {}
        self.headers = list((SECURITY_HEADERS | extra).items())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        exchange = _Exchange(scope, receive, send, self._limit_for(scope["path"]), self.headers)
        self.in_flight += 1
        structlog.contextvars.bind_contextvars(request=exchange.request_id, trace=exchange.trace, service=self.service)
        try:
            exchange.refuse_if_declared_too_large()
            if self.in_flight > self.concurrency:
                raise Unavailable("Too many requests at once; try again shortly.", retry_after=1)
            await self.app(scope, exchange.receive, exchange.send)
        except Exception as problem:
            await exchange.fail(problem)
        finally:
            self.in_flight -= 1
            route = getattr(scope.get("route"), "path", "unmatched")
            taken = time.perf_counter() - started
            REQUESTS.labels(self.service, scope["method"], route, str(exchange.status)).observe(taken)
            if exchange.status >= 400:
                # What was refused is what people ask about, with the request id that they were given.
                log.info("refused", method=scope["method"], route=route, status=exchange.status)
            structlog.contextvars.clear_contextvars()

    def _limit_for(self, path: str) -> int | None:
        for prefix, limit in self.body_limits:
            if path.startswith(prefix):
                return limit
        return self.body_limit


class _Exchange:
    """One request and its answer."""

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, limit: int | None, headers: list[tuple[str, str]]
    ) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.limit = limit
        self.standing_headers = headers
        self.received = 0
        self.status = 0
        incoming = Headers(scope=scope)
        given = incoming.get("x-request-id", "")
        usable = 0 < len(given) <= LONGEST_REQUEST_ID and given.isascii() and given.isprintable()
        self.request_id = given if usable else str(new_id())
        self.declared = incoming.get("content-length", "")
        traceparent = valid_traceparent(incoming.get("traceparent")) or new_traceparent()
        self.trace = trace_id(traceparent)
        scope.setdefault("state", {}).update(request_id=self.request_id, traceparent=traceparent)

    def refuse_if_declared_too_large(self) -> None:
        if self.limit is not None and self.declared.isdigit() and int(self.declared) > self.limit:
            raise TooLarge(f"At most {self.limit} bytes are accepted here.")

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request" and self.limit is not None:
            self.received += len(message.get("body", b""))
            if self.received > self.limit:
                raise TooLarge(f"At most {self.limit} bytes are accepted here.")
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            for name, value in self.standing_headers:
                headers.setdefault(name, value)
            for name, value in self.scope.get("heed.headers", {}).items():
                headers[name] = value
        await self._send(message)

    async def fail(self, problem: Exception) -> None:
        if self.status:
            log.error("failed_after_start", exc_info=problem)
            raise problem
        response = problem_response(translate(problem), self.request_id)
        await response(self.scope, self.receive, self.send)

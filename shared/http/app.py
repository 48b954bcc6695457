"""The FastAPI application that every service starts from."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from shared.http import health
from shared.http.middleware import Edge
from shared.http.openapi import describe
from shared.http.problems import install_error_handlers
from shared.http.ratelimit import RateLimiter
from shared.service import Runtime
from shared.settings import Environment

CONCURRENCY = 400


def service_app(
    runtime: Runtime,
    *,
    title: str,
    routers: Sequence[APIRouter],
    routes: Sequence[BaseRoute] = (),
    openapi_paths: Mapping[str, Any] | None = None,
    openapi_schemas: Mapping[str, Any] | None = None,
    body_limits: Mapping[str, int | None] | None = None,
    concurrency: int = CONCURRENCY,
    lifespan: Callable[[Runtime], AbstractAsyncContextManager[None]] | None = None,
) -> FastAPI:
    """`routes` are plain Starlette routes (the intake); `openapi_paths` and `openapi_schemas` describe them by hand.

    `lifespan` is opened after the transport and closed before it.
    """

    @asynccontextmanager
    async def lifecycle(app: FastAPI) -> AsyncIterator[None]:
        await runtime.transport.open()
        try:
            if lifespan is None:
                yield
            else:
                async with lifespan(runtime):
                    yield
        finally:
            await runtime.transport.close()
            await runtime.database.close()

    app = FastAPI(
        title=f"Heed {title}",
        version="1",
        lifespan=lifecycle,
        docs_url=None,
        redoc_url=None,
        openapi_url="/openapi.json",
        # A trailing slash is a different address; a redirect would lose the body of a POST.
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    app.state.limiter = RateLimiter(runtime.settings.rate_limit_per_minute, runtime.clock)
    # Routers are whole when their modules are loaded. Included, each route would be worked out again for this one
    # application, when it is first asked for.
    app.router.routes.extend([*routes, *health.router.routes])
    for router in routers:
        app.router.routes.extend(router.routes)
    install_error_handlers(app)
    app.add_middleware(
        Edge,
        service=runtime.service.name,
        body_limit=runtime.settings.body_limit_bytes,
        body_limits=body_limits or {},
        concurrency=concurrency,
        secure=runtime.settings.environment is Environment.PRODUCTION,
    )
    app.openapi = lambda: describe(app, openapi_paths or {}, openapi_schemas or {})  # type: ignore[method-assign]
    return app

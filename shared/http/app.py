"""The FastAPI application that every service starts from."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
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
        generate_unique_id_function=_operation_id,
        # A trailing slash is a different address; a redirect would lose the body of a POST.
        redirect_slashes=False,
    )
    app.state.runtime = runtime
    app.state.limiter = RateLimiter(runtime.settings.rate_limit_per_minute, runtime.clock)
    app.router.routes.extend(routes)
    app.include_router(health.router)
    for router in routers:
        app.include_router(router)
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


def _operation_id(route: APIRoute) -> str:
    tag = str(route.tags[0]) if route.tags else "api"
    return f"{tag.replace(' ', '_').replace('-', '_')}_{route.name}"

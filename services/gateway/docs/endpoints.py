"""The pages that people open in a browser, and the documents behind them."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import jinja2
import orjson
from fastapi import Request, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from services.gateway.docs.events_page import envelope_fields, event_groups
from services.gateway.docs.sources import APIDocument
from shared.contracts.asyncapi import asyncapi_document
from shared.http.dependencies import RuntimeDep
from shared.http.routing import APIRouter
from shared.settings import Environment

HERE: Final = Path(__file__).parent
# Nothing from anywhere else, no inline scripts or styles, and no frames around it.
PAGE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

router = APIRouter(include_in_schema=False)
assets = Mount("/assets", StaticFiles(directory=HERE / "assets"), name="assets")


@router.get("/")
async def start_page(runtime: RuntimeDep) -> Response:
    return _page("start.html", url=runtime.settings.public_url, development=_is_development(runtime.settings))


@router.get("/docs")
async def api_page() -> Response:
    return _page("api.html")


@router.get("/docs/events")
async def events_page() -> Response:
    return _page("events.html", groups=event_groups(), envelope=envelope_fields())


@router.get("/v1/openapi.json")
async def openapi(request: Request, runtime: RuntimeDep) -> Response:
    document: APIDocument | None = runtime.state.get("api_document")
    if document is None:
        document = runtime.state["api_document"] = APIDocument(runtime, request.app)
    return _document(await document.get())


@router.get("/v1/asyncapi.json")
async def asyncapi() -> Response:
    return _document(orjson.dumps(asyncapi_document()))


@router.get("/robots.txt")
async def robots() -> Response:
    """Respondents' pages are nobody's search results."""
    return Response("User-agent: *\nDisallow: /\n", media_type="text/plain")


@router.get("/favicon.ico")
async def favicon() -> Response:
    return Response((HERE / "assets/heed.svg").read_bytes(), media_type="image/svg+xml")


def _page(template: str, **values: Any) -> Response:
    html = _templates().get_template(template).render(**values)
    headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}
    return Response(html, headers=headers, media_type="text/html")


def _document(body: bytes) -> Response:
    return Response(body, headers={"Cache-Control": "public, max-age=60"}, media_type="application/json")


def _is_development(settings: Any) -> bool:
    return bool(settings.environment is Environment.DEVELOPMENT)


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(HERE / "templates")
    return jinja2.Environment(loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)

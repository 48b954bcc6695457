"""What nginx asks before it passes a request on (`auth_request`)."""

from fastapi import Request, Response

from services.gateway.exchange.credentials import SAFE_METHODS, read_headers, refuse_forgery
from services.gateway.exchange.service import exchange_of
from shared.http.dependencies import RuntimeDep
from shared.http.routing import APIRouter

TOKEN_HEADER = "X-Heed-Token"

router = APIRouter(include_in_schema=False)


@router.get("/internal/exchange", status_code=204)
async def exchange(request: Request, runtime: RuntimeDep) -> Response:
    """204 with `X-Heed-Token`, 204 without it for an anonymous caller, 401 for a bad credential, 403 for a forgery."""
    headers = read_headers(request.scope["headers"])
    credential = headers.credential
    if credential is None:
        return Response(status_code=204)
    exchanged = await exchange_of(runtime).exchange(credential)
    method = request.headers.get("x-original-method", "GET").upper()
    if exchanged.csrf_token is not None and method not in SAFE_METHODS:
        refuse_forgery(headers, exchanged.csrf_token, runtime.settings.public_url)
    return Response(status_code=204, headers={TOKEN_HEADER: exchanged.token, "Cache-Control": "no-store"})

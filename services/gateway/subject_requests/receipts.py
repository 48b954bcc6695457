"""Signed receipts: what was done for a person, by whom and when, so that anybody can check it later.

JWS (RFC 7515) with Ed25519 (RFC 8037, RFC 9864), by the key that the gateway signs access tokens with. Another `typ`,
and neither issuer nor audience of a token: a receipt opens nothing.
"""

from collections.abc import Sequence
from typing import Any

import orjson
from joserfc import jws
from joserfc.jwk import OKPKey

from services.gateway.settings import GatewaySettings
from services.gateway.subject_requests.models import SubjectRequest, SubjectRequestPart

TYPE = "subject-receipt+jws"
_ALGORITHM = "Ed25519"


def sign(settings: GatewaySettings, request: SubjectRequest, parts: Sequence[SubjectRequestPart]) -> str:
    """In compact form."""
    key = OKPKey.import_key(settings.token_private_key.get_secret_value())
    header = {"alg": _ALGORITHM, "typ": TYPE, "kid": key.thumbprint()}
    return jws.serialize_compact(header, orjson.dumps(_statement(settings, request, parts)), key, [_ALGORITHM])


def read(receipt: str) -> dict[str, Any]:
    """What it says, unverified: it comes from our own table."""
    statement: dict[str, Any] = orjson.loads(jws.extract_compact(receipt.encode()).payload)
    return statement


def public_keys(settings: GatewaySettings) -> list[dict[str, Any]]:
    """As JSON Web Keys."""
    key = OKPKey.import_key(settings.token_private_key.get_secret_value())
    public = {**key.as_dict(private=False)}
    return [{**public, "kid": key.thumbprint(), "use": "sig", "alg": _ALGORITHM}]


def _statement(
    settings: GatewaySettings, request: SubjectRequest, parts: Sequence[SubjectRequestPart]
) -> dict[str, Any]:
    return {
        "issuer": settings.public_url,
        "account_id": str(request.account_id),
        "request_id": str(request.id),
        "kind": request.kind,
        "mode": request.mode,
        "customer_id": str(request.customer_id),
        "outcome": request.state,
        "reason": request.reason,
        "requested_by": request.requested_by,
        "requested_at": request.requested_at,
        "finished_at": request.finished_at,
        "parts": [
            {
                "service": part.service,
                "stage": part.stage,
                "done_at": part.done_at,
                "records": part.records,
                "digest": part.digest,
            }
            for part in parts
        ],
    }

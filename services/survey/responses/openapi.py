"""The intake and the hosted page in OpenAPI, by hand: they are plain routes, which FastAPI does not describe."""

from typing import Any

from pydantic import BaseModel

from services.survey.responses.auth import WRITE
from services.survey.responses.reading import MOST_ITEMS
from services.survey.responses.schemas import BulkResult, NewResponse, ResponseAccepted

_REFS = "#/components/schemas/{model}"
_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_EXAMPLE: dict[str, Any] = {
    "survey_id": _ID,
    "submission_id": "order-1042",
    "customer": {"email": "ana@example.com"},
    "answers": [{"question": "score", "value": 9}, {"question": "comment", "value": "Fast and friendly."}],
}
_ACCEPTED = {"id": _ID, "survey_id": _ID, "submission_id": "order-1042", "duplicate": False}
_CSV = "submission_id,score,comment,customer.email\norder-1042,9,Fast and friendly.,ana@example.com\n"
_SECURITY = [{"bearer": [WRITE]}]
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "Same key and body: the stored answer again. Same key, other body: 422.",
}


def schemas() -> dict[str, Any]:
    """Component schemas of the plain routes."""
    found: dict[str, Any] = {}
    for model in (NewResponse, ResponseAccepted, BulkResult):
        schema = _schema_of(model)
        found |= schema.pop("$defs", {})
        found[model.__name__] = schema
    return found


def paths() -> dict[str, Any]:
    return {
        "/v1/responses": {"post": _accept()},
        "/v1/responses/bulk": {"post": _bulk()},
        "/s/{token}": {"get": _page("get"), "post": _page("post")},
    }


def _accept() -> dict[str, Any]:
    answer = {"application/json": {"schema": _ref(ResponseAccepted), "example": _ACCEPTED}}
    return {
        "tags": ["responses"],
        "operationId": "responses_accept_response",
        "summary": "Hand in a response",
        "description": "Stored durably when answered. The same `submission_id` for the same survey is one response: "
        "the first stays, and is answered with 200 and `duplicate: true`.",
        "security": _SECURITY,
        "parameters": [_KEY],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _ref(NewResponse), "example": _EXAMPLE}},
        },
        "responses": {
            "201": {"description": "Stored.", "content": answer},
            "200": {"description": "Was stored before.", "content": answer},
        },
    }


def _bulk() -> dict[str, Any]:
    several = {
        "type": "object",
        "required": ["responses"],
        "properties": {
            "responses": {"type": "array", "items": _ref(NewResponse), "minItems": 1, "maxItems": MOST_ITEMS}
        },
    }
    result = {"application/json": {"schema": _ref(BulkResult)}}
    return {
        "tags": ["responses"],
        "operationId": "responses_accept_bulk",
        "summary": "Hand in many responses",
        "description": f"Up to {MOST_ITEMS} as JSON, or a file of any length as NDJSON (one response a line) or CSV "
        "(columns as the fields, such as `customer.email`; any other column is a question's key). Good items are kept "
        "when others fail. Sending the same again is safe.",
        "security": _SECURITY,
        "parameters": [
            _KEY | {"description": f"{_KEY['description']} For JSON; a file is safe to repeat without."},
            {
                "name": "survey_id",
                "in": "query",
                "required": False,
                "schema": {"type": "string", "format": "uuid"},
                "description": "For a CSV file without the column `survey_id`.",
            },
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": several, "example": {"responses": [_EXAMPLE]}},
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}, "example": _CSV},
            },
        },
        "responses": {"200": {"description": "What became of the items.", "content": result}},
    }


def _page(method: str) -> dict[str, Any]:
    html = {"text/html": {"schema": {"type": "string"}}}
    token = {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}, "example": "o.AYkK..."}
    described: dict[str, Any] = {
        "tags": ["pages"],
        "operationId": f"pages_{method}_page",
        "summary": "Show the hosted page" if method == "get" else "Answer on the hosted page",
        "description": "The link is the credential. `?score=` preselects and records nothing.",
        "security": [],
        "parameters": [token],
        "responses": {
            "200": {"description": "The page.", "content": html},
            "404": {"description": "No such link.", "content": html},
            "410": {"description": "Answered, expired or closed.", "content": html},
            "default": {"description": "A friendly page.", "content": html},
        },
    }
    if method == "post":
        form = {"type": "object", "properties": {"score": {"type": "string"}, "comment": {"type": "string"}}}
        filled = {"schema": form, "example": {"score": "9", "comment": "Fast and friendly."}}
        described["requestBody"] = {"content": {"application/x-www-form-urlencoded": filled}}
        described["responses"]["422"] = {"description": "The page again, with what is missing.", "content": html}
    return described


def _schema_of(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(ref_template=_REFS)


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}

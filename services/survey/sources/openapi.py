"""The address of senders in OpenAPI, by hand: it is a plain route, which FastAPI does not describe."""

from typing import Any

_TOKEN = {
    "name": "token",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "Of the source, as its `hook_url` has it; shown once.",
    "example": "0Lh7yGQf0s6k2b8i5vXo4JmRt1uWcZpDqNeAaBfHgEk",
}


def paths() -> dict[str, Any]:
    return {"/hooks/{token}": {"get": _described("get"), "post": _described("post")}}


def _described(method: str) -> dict[str, Any]:
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    # What the sender wants to hear.
    said: dict[str, Any] = {"application/json": {"schema": {}}, "text/plain": {"schema": {"type": "string"}}}
    refusals = {
        "401": "Not signed as agreed.",
        "404": "Nobody has this address.",
        "405": "This sender only sends with POST.",
        "410": "The source was removed; stop sending.",
        "413": "Larger than this sender ever sends.",
        "429": "Too much at once; send it again after `Retry-After`.",
        "503": "Cannot be kept at the moment; send it again after `Retry-After`.",
    }
    described: dict[str, Any] = {
        "tags": ["sources"],
        "operationId": f"sources_receive_{method}",
        "summary": "Send something" if method == "post" else "Ask whether the address is right",
        "description": "Where a connected platform, shop or mailbox sends. Verified on the raw bytes, kept durably, "
        "then answered; the same delivery sent again is answered alike and kept once."
        if method == "post"
        else "The handshake of platforms that have one.",
        "security": [],
        "parameters": [_TOKEN],
        "responses": {
            "200": {"description": "Kept, or known already." if method == "post" else "It is.", "content": said}
        }
        | {status: {"description": text, "content": problem} for status, text in refusals.items()},
    }
    if method == "post":
        anything = {"schema": {"type": "string"}}
        review = {"schema": {}, "example": {"id": "r-17", "rating": 2, "text": "It came late.", "order": "#1042"}}
        described["requestBody"] = {"content": {"application/json": review, "application/octet-stream": anything}}
    return described

"""Articles to look for."""

from typing import Any

import httpx

from tests.tickets.builders import post

RETURNS = {
    "title": "Returning something",
    "summary": "How to send a parcel back, and when you get your money.",
    "body": "# Returns\n\nYou can return everything within **30 days**.\n\nThe refund takes five days.",
    "questions": ["How do I get a refund?", "Can I send my boots back?"],
}


async def write_article(client: httpx.AsyncClient, *, visibility: str = "public", **fields: Any) -> dict[str, Any]:
    body: dict[str, Any] = {"visibility": visibility, "translations": {"en": RETURNS}} | fields
    return await post(client, "/v1/articles", 201, **body)

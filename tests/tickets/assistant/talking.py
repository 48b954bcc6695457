"""What tests of the assistant say in one line."""

from typing import Any

import httpx

from tests.tickets.articles.writing import write_article
from tests.tickets.builders import post

SHIPPING = {
    "title": "Shipping times",
    "summary": "When a parcel arrives.",
    "body": "A parcel takes two working days within Germany.\n\nElsewhere it takes a week.",
    "questions": ["When will my parcel arrive?", "How long does delivery take?"],
}


async def write_articles(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return [await write_article(client), await write_article(client, translations={"en": SHIPPING})]


async def begin(client: httpx.AsyncClient, text: str, **fields: Any) -> dict[str, Any]:
    return await post(client, "/v1/conversations", 201, text=text, **fields)


async def say(client: httpx.AsyncClient, talk: dict[str, Any], text: str, **fields: Any) -> dict[str, Any]:
    return await post(client, f"/v1/conversations/{talk['conversation']['id']}/messages", 201, text=text, **fields)


def kinds(talk: dict[str, Any]) -> list[str]:
    return [line["kind"] for line in talk["messages"]]

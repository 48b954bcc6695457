"""One customer, five ways of hearing from her: what she bought, answered, reviewed, wrote and asked stands in one list,
in the order in which it happened, whichever came first. Over the product's own processes and HTTP."""

import base64
import hmac
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.testing.databases import DATABASE_SECRET, Databases, create_database
from tests.journeys.heed import running_heed
from tests.journeys.test_mail_thread import ANA, Support, until
from tests.notifier.messages.test_smtp import Sink
from tests.survey.adapters.broken import payload

ORDER, SHOP, SECRET = "#1044", "https://shop.example", "the client secret of the app"
TOKEN = "a token of the tool"
# A tool that asks buyers for a review on Google and knows which order it asked about: Google itself tells of no orders.
REVIEWS: dict[str, Any] = {
    "auth": {"kind": "bearer"},
    "rules": [
        {
            "what": "feedback",
            "kind": "review",
            "channel": "google_business",
            "id": "$.id",
            "time": {"value": "$.written_at"},
            "author": {"name": "$.reviewer"},
            "rating": {"value": "$.stars"},
            "text": "$.comment",
            "order_ref": "$.order",
        }
    ],
}


class Shopper(Support):
    """What Ana does, as each sender tells of it."""

    tool: str | None = None

    async def buys(self, at: datetime) -> None:
        secrets = {"signing_secrets": [SECRET]}
        hook = await self.connected("shopify", settings={"shop": "example.myshopify.com"}, secrets=secrets)
        order = json.loads(payload("shopify", "order"))
        times = dict.fromkeys(("created_at", "updated_at", "processed_at"), at.isoformat())
        order |= times | {"name": ORDER, "email": ANA, "customer": {"id": 7, "email": ANA, "first_name": "Ana"}}
        body = json.dumps(order).encode()
        signature = base64.b64encode(hmac.digest(SECRET.encode(), body, "sha256")).decode()
        about = {"x-shopify-topic": "orders/create", "x-shopify-shop-domain": "example.myshopify.com"}
        await self.send(hook, body, about | {"x-shopify-hmac-sha256": signature})

    async def answers(self, at: datetime) -> None:
        survey = await self.post("/v1/surveys", {"name": "After delivery", "kind": "nps"}, 201)
        await self.post(f"/v1/surveys/{survey['id']}/publish", None, 200)
        response = {
            "survey_id": survey["id"],
            "submission_id": uuid4().hex,
            "customer": {"email": ANA},
            "answers": [{"question": "score", "value": 3}],
            "occurred_at": at.isoformat(),
        }
        await self.post("/v1/responses", response, 201)

    async def reviews(self, at: datetime, called: str) -> None:
        """At a hook that is connected with the first."""
        self.tool = self.tool or await self.connected("json", settings=REVIEWS, secrets={"secrets": [TOKEN]})
        review = {"id": called, "stars": 2, "comment": "Late.", "reviewer": "A.", "order": ORDER}
        body = json.dumps(review | {"written_at": at.isoformat()}).encode()
        await self.send(self.tool, body, {"authorization": f"Bearer {TOKEN}"})

    async def chats(self) -> None:
        made = await self.post("/v1/api-keys", {"name": "Shop", "kind": "publishable", "origins": [SHOP]}, 201)
        said = {"message_id": str(uuid4()), "text": "Are you open today?", "name": "Ana", "email": ANA}

        async def say() -> bool | None:
            answer = await self.client.post(f"/w/{made['key']}/chats", json=said, headers={"origin": SHOP})
            return True if answer.status_code == 201 else None

        await until(say, "the new key is known, and the chat begins")

    async def connected(self, adapter: str, **fields: Any) -> str:
        source = await self.post("/v1/sources", {"adapter": adapter, "name": adapter} | fields, 201)
        return httpx.URL(source["hook_url"]).path

    async def send(self, hook: str, body: bytes, headers: dict[str, str]) -> None:
        answer = await self.client.post(hook, content=body, headers=headers)
        assert answer.status_code == 200, answer.text

    async def customer(self) -> str:
        async def look() -> str | None:
            found = (await self.get(f"/v1/customers?email={ANA}"))["data"]
            return str(found[0]["id"]) if found else None

        return await until(look, "Ana is known")

    async def timeline(self, customer_id: str, count: int) -> list[dict[str, Any]]:
        """The oldest first."""

        async def look() -> list[dict[str, Any]] | None:
            path = f"/v1/customers/{customer_id}/timeline?kind=activity&kind=feedback"
            found: list[dict[str, Any]] = (await self.get(path))["data"]
            return found[::-1] if len(found) >= count else None

        return await until(look, f"{count} entries in the timeline")


@pytest.mark.slow
async def test_shows_all_that_one_customer_did_and_said(databases: Databases, worker_id: str, tmp_path: Path) -> None:
    empty = await create_database(f"{worker_id}_timeline")
    environment = {
        "HEED_DATABASE_URL": empty.url,
        "HEED_DATABASE_SECRET": DATABASE_SECRET,
        "HEED_BUS_PREFIX": tmp_path.name.replace("_", "-")[-40:],
    }
    async with running_heed(tmp_path / "home", **environment) as heed, heed.client() as client:
        ana, now = Shopper(client, Sink()), datetime.now(UTC)
        await ana.connect()
        # Nobody knows the order yet, and so not who it was.
        await ana.reviews(now - timedelta(hours=30), "early")
        await ana.buys(now - timedelta(days=3))
        customer_id = await ana.customer()
        await ana.comes(ANA, "Where is my parcel?", Subject="My order")
        await ana.timeline(customer_id, 3)
        await ana.chats()
        # What is told late stands where it belongs.
        await ana.reviews(now - timedelta(days=1), "g1")
        await ana.answers(now - timedelta(days=2))

        entries = await ana.timeline(customer_id, 6)
        assert [each.get("activity") or each["channel"] for each in entries] == [
            *("purchase", "api", "google_business", "google_business", "email", "chat"),
        ]
        assert entries[0]["amount"] == {"amount": "409.94", "currency": "USD"}
        times = [each["at"] for each in entries]
        assert times == sorted(times)
        # The reviewer is called `A.`, and nothing but the order says who that is.
        reviews = (await ana.get("/v1/feedback?kind=review"))["data"]
        whose = {(each["customer_id"], each["order_ref"], each["author_name"]) for each in reviews}
        assert (len(reviews), whose) == (2, {(customer_id, ORDER, "A.")})

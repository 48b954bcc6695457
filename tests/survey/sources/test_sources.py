"""`/v1/sources`: what is connected, and what nobody sees again.

Seen to fail: secrets left out of the sealing, the settings unchecked, the former value kept where none was wished.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.survey.sources.builtin import builtin_source
from services.survey.sources.models import Source
from shared.contracts.sources import SourceChanged
from shared.http.client import GuardedClient
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.sources.toy import SECRET, connected


@pytest.fixture
def client(survey: Harness, account: UUID) -> httpx.AsyncClient:
    return survey.client(account=account)


class TestAdapters:
    async def test_say_what_they_can_and_what_they_want_to_know(self, client: httpx.AsyncClient) -> None:
        toy = next(one for one in (await client.get("/v1/adapters")).json()["data"] if one["name"] == "toy")
        assert toy["capabilities"]["push"] is True
        assert toy["secrets"]["properties"]["secret"]["description"] == "At the toy shop under Settings."
        assert toy["setup"] == ["Paste the address that is shown when the source is connected into the toy shop."]


class TestAddressesThatAreAsked:
    @pytest.fixture(autouse=True)
    def names(self, survey: Harness) -> None:
        async def resolve(host: str) -> Sequence[str]:
            return ["10.0.0.7"] if host.startswith("inside") else ["93.184.216.34"]

        survey.runtime.state["egress.client"] = GuardedClient(resolve=resolve)

    async def feed(self, client: httpx.AsyncClient, url: str) -> httpx.Response:
        return await client.post("/v1/sources", json={"adapter": "feeds", "name": "News", "settings": {"url": url}})

    @pytest.mark.parametrize(
        "url",
        [
            "https://169.254.169.254/latest/meta-data",
            "https://127.0.0.1/feed",
            "https://[::1]/feed",
            "https://0x7f000001/feed",
            "https://localhost:8000/feed",
            "https://192.168.1.1/feed",
            "https://inside.example/feed",
        ],
    )
    async def test_are_refused_where_no_request_would_be_sent(self, client: httpx.AsyncClient, url: str) -> None:
        answer = await self.feed(client, url)
        assert answer.status_code == 422
        [problem] = answer.json()["errors"]
        assert (problem["pointer"], problem["code"]) == ("/settings/url", "not_allowed")
        assert "public internet" in problem["detail"]
        assert (await client.get("/v1/sources")).json()["data"] == []

    async def test_may_not_be_changed_to_such(self, client: httpx.AsyncClient) -> None:
        made = await self.feed(client, "https://news.example/feed")
        assert made.status_code == 201, made.text
        path = f"/v1/sources/{made.json()['id']}"
        answer = await client.patch(path, json={"settings": {"url": "https://inside.example/feed"}})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/settings/url")

    @pytest.mark.parametrize(
        ("adapter", "settings", "secrets", "pointer"),
        [
            (
                "imap",
                {"host": "inside.example", "user_name": "a@b.example", "addresses": ["a@b.example"]},
                {"password": "secret"},
                "/settings/host",
            ),
            ("woocommerce", {"address": "https://10.1.1.1"}, {"signing_secrets": [SECRET]}, "/settings/address"),
        ],
    )
    async def test_of_other_senders_are_looked_at_too(
        self, client: httpx.AsyncClient, adapter: str, settings: dict[str, str], secrets: Any, pointer: str
    ) -> None:
        body = {"adapter": adapter, "name": "Ours", "settings": settings, "secrets": secrets}
        answer = await client.post("/v1/sources", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer), answer.text


class TestConnecting:
    async def test_shows_the_address_once_and_the_secrets_never(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        source = await connected(client, settings={"channel": "shop"})
        assert source["hook_url"].startswith("http://localhost:8000/hooks/")
        assert source["setup"] == [f"Paste {source['hook_url']} into the toy shop."]
        token = source["hook_url"].rsplit("/", 1)[1]
        assert len(token) == 43
        await client.patch(f"/v1/sources/{source['id']}", json={"name": "Renamed"})
        shown = [await client.get(path) for path in ("/v1/sources", f"/v1/sources/{source['id']}")]
        told = [event.raw.decode() for event in await survey.emitted(account)]
        assert not any(secret in text for secret in (SECRET, token) for text in (*(a.text for a in shown), *told))
        assert shown[1].json()["secrets"] == ["secret"]
        assert shown[1].json()["settings"] == {"channel": "shop", "challenge": None, "more": []}
        async with survey.work(account) as work:
            row = (await work.session.scalars(select(Source))).one()
        assert row.secrets is not None
        assert SECRET.encode() not in row.secrets

    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"adapter": "smoke"}, "/adapter", "unknown_adapter"),
            ({"secrets": {}}, "/secrets/secret", "missing"),
            ({"secrets": {"secret": "tooshort"}}, "/secrets/secret", "string_too_short"),
            ({"settings": {"chanel": "web"}}, "/settings/chanel", "extra_forbidden"),
            ({"settings": {"more": ["x" * 70_000]}}, "/settings", "too_long"),
            ({"settings": {"more": [2**70]}}, "/settings", "too_large"),
            ({"silent_after_days": 0}, "/silent_after_days", "greater_than_equal"),
        ],
    )
    async def test_names_what_is_wrong_and_repeats_no_secret(
        self, client: httpx.AsyncClient, fields: dict[str, Any], pointer: str, code: str
    ) -> None:
        body = {"adapter": "toy", "name": "Toys", "secrets": {"secret": SECRET}} | fields
        answer = await client.post("/v1/sources", json=body)
        assert answer.status_code == 422
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(pointer, code)]
        assert "tooshort" not in answer.text


class TestChanging:
    async def test_is_told_by_the_names_of_what_changed(
        self, survey: Harness, account: UUID, client: httpx.AsyncClient
    ) -> None:
        source = await connected(client)
        path = f"/v1/sources/{source['id']}"
        stale = await client.patch(path, json={"name": "x"}, headers={"If-Match": '"7"'})
        assert stale.status_code == 412
        changed = await client.patch(path, json={"settings": {"channel": "shop"}}, headers={"If-Match": '"1"'})
        assert (changed.json()["settings"]["channel"], changed.headers["etag"]) == ("shop", '"2"')
        await client.post(f"{path}/secrets", json={"secrets": {"secret": "another secret"}, "keep_former_hours": 0})
        assert (await client.get(path)).json()["former_secrets_until"] is None
        await client.delete(path)
        told = [event.data for event in await survey.emitted(account, SourceChanged)]
        assert [(each.change, each.fields) for each in told if isinstance(each, SourceChanged)] == [
            ("connected", ()),
            ("updated", ("settings",)),
            ("secrets_rotated", ()),
            ("removed", ()),
        ]
        assert (await client.get("/v1/sources")).json()["data"] == []

    async def test_ours_have_nothing_to_change(self, survey: Harness, account: UUID, client: httpx.AsyncClient) -> None:
        async with survey.work(account) as work:
            made = [(await builtin_source(work, "staff")).id for _ in range(2)]
        assert len(set(made)) == 1
        answer = await client.patch(f"/v1/sources/{made[0]}", json={"name": "Mine"})
        assert (answer.status_code, answer.json()["code"]) == (409, "builtin_source")
        [listed] = (await client.get("/v1/sources")).json()["data"]
        assert (listed["builtin"], listed["adapter"]) == (True, "staff")

    async def test_needs_the_scope(self, survey: Harness, account: UUID) -> None:
        reader = survey.client("sources:read", account=account)
        assert (await reader.get("/v1/sources")).status_code == 200
        assert (await reader.post("/v1/sources", json={"adapter": "toy", "name": "x"})).status_code == 403
        assert (await survey.client("feedback:read", account=account).get("/v1/sources")).status_code == 403
        assert (await survey.anonymous().get("/v1/sources")).status_code == 401
        assert (await reader.get(f"/v1/sources/{new_id()}")).status_code == 404

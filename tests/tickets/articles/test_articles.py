"""Writing articles: languages, who may see them, and what they were before."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.tickets import ArticlePublished, ArticleWithdrawn
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.articles.writing import RETURNS, write_article
from tests.tickets.builders import get, patch, post


class TestWritingAnArticle:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        answer = await tickets.anonymous().post("/v1/articles", json={"translations": {"en": RETURNS}})
        assert answer.status_code == 401

    async def test_of_another_account_is_not_there(self, tickets: Harness, account: UUID) -> None:
        article = await write_article(tickets.client(account=account))
        stranger = tickets.client(account=new_id())
        path = f"/v1/articles/{article['id']}"
        for answer in (
            await stranger.get(path),
            await stranger.patch(path, json={"visibility": "draft"}),
            await stranger.post(f"{path}/vote", json={"helpful": True, "visitor": "v"}),
            await stranger.delete(path),
        ):
            assert answer.status_code == 404
        assert (await get(stranger, "/v1/articles"))["data"] == []

    async def test_makes_a_draft_without_an_address(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        article = await post(client, "/v1/articles", 201, translations={"en": RETURNS})
        assert (article["visibility"], article["url"], article["version"]) == ("draft", {}, 1)
        assert await tickets.emitted(account, ArticlePublished) == []

    async def test_in_several_languages_has_an_address_in_each(self, tickets: Harness, account: UUID) -> None:
        german = RETURNS | {"title": "Etwas zurückgeben"}
        article = await write_article(tickets.client(account=account), translations={"en": RETURNS, "de": german})
        assert article["url"]["en"].endswith(f"/en/articles/returning-something-{UUID(article['id']).hex}")
        assert "/de/articles/etwas-zuruckgeben-" in article["url"]["de"]
        [published] = await tickets.emitted(account, ArticlePublished)
        assert published.data.model_dump()["titles"]["de"] == "Etwas zurückgeben"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"translations": {}}, "/translations"),
            ({"translations": {"EN!": RETURNS}}, "/translations/EN!"),
            ({"translations": {"en": RETURNS | {"title": " "}}}, "/translations/en/title"),
            ({"translations": {"en": RETURNS}, "category_id": str(new_id())}, "/category_id"),
            ({"translations": {"en": RETURNS}, "publish_at": "2020-01-01T00:00:00Z"}, "/publish_at"),
        ],
    )
    async def test_with_a_bad_field_names_it(
        self, tickets: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await tickets.client(account=account).post("/v1/articles", json=body)
        assert answer.status_code == 422
        assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]

    async def test_keeps_at_least_one_language(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        article = await write_article(client)
        answer = await client.patch(f"/v1/articles/{article['id']}", json={"translations": {"en": None}})
        assert answer.json()["errors"][0]["code"] == "no_language"

    async def test_over_what_somebody_else_has_changed_is_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}"
        await patch(client, path, visibility="internal")
        answer = await client.patch(path, json={"visibility": "draft"}, headers={"If-Match": '"1"'})
        assert answer.status_code == 412


class TestPublishing:
    async def test_happens_by_itself_when_its_time_has_come(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        at = tickets.clock.now() + timedelta(hours=2)
        article = await write_article(client, visibility="draft", publish_at=at.isoformat())
        tickets.clock.advance(timedelta(hours=1))
        await tickets.run_timers()
        assert (await get(client, f"/v1/articles/{article['id']}"))["visibility"] == "draft"
        tickets.clock.advance(timedelta(hours=1))
        await tickets.run_timers()
        published = await get(client, f"/v1/articles/{article['id']}")
        assert (published["visibility"], published["publish_at"]) == ("public", None)
        assert [event.data.model_dump()["first"] for event in await tickets.emitted(account, ArticlePublished)] == [
            True
        ]

    async def test_that_was_called_off_does_not_happen(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        at = tickets.clock.now() + timedelta(hours=2)
        article = await write_article(client, visibility="draft", publish_at=at.isoformat())
        await patch(client, f"/v1/articles/{article['id']}", publish_at=None)
        tickets.clock.advance(timedelta(hours=3))
        await tickets.run_timers()
        assert (await get(client, f"/v1/articles/{article['id']}"))["visibility"] == "draft"

    async def test_can_be_taken_back(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        article = await write_article(client)
        await patch(client, f"/v1/articles/{article['id']}", visibility="internal")
        assert len(await tickets.emitted(account, ArticleWithdrawn)) == 1


class TestRevisions:
    async def test_say_what_it_was_and_bring_it_back(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}"
        worse = RETURNS | {"title": "Worse"}
        await patch(client, path, translations={"en": worse, "de": worse}, note="Tried something")
        restored = await post(client, f"{path}/revisions/1/restore")
        assert (restored["version"], list(restored["translations"])) == (3, ["en"])
        assert restored["translations"]["en"]["title"] == RETURNS["title"]
        notes = [revision["note"] for revision in (await get(client, f"{path}/revisions"))["data"]]
        assert notes == ["As in version 1", "Tried something", None]

    async def test_that_never_were_are_not_there(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}"
        assert (await client.post(f"{path}/revisions/7/restore")).status_code == 404

    async def test_bring_nothing_before_customers_that_was_taken_back(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}"
        await patch(client, path, visibility="draft")
        assert (await post(client, f"{path}/revisions/1/restore"))["visibility"] == "draft"


class TestVotes:
    async def test_count_once_for_each_visitor_who_may_think_again(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}"
        await post(client, f"{path}/vote", helpful=True, visitor="ana")
        await post(client, f"{path}/vote", helpful=True, visitor="ana")
        await post(client, f"{path}/vote", helpful=True, visitor="ben")
        votes = await post(client, f"{path}/vote", helpful=False, visitor="ana", comment="Where is the form?")
        assert (votes["helpful"], votes["unhelpful"]) == (1, 1)
        [comment] = (await get(client, f"{path}/comments"))["data"]
        assert comment["comment"] == "Where is the form?"
        assert (await get(client, path))["version"] == 1


class TestAttachments:
    async def test_are_given_out_to_be_saved(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}/attachments"
        answer = await client.post(path, params={"name": "../form.html"}, content=b"<script>")
        assert answer.status_code == 201, answer.text
        attachment = answer.json()
        assert attachment["name"] == "form.html"
        given = await client.get(f"{path}/{attachment['id']}/content")
        assert (given.content, given.headers["content-type"]) == (b"<script>", "application/octet-stream")
        assert given.headers["content-disposition"].startswith("attachment")
        await client.delete(f"{path}/{attachment['id']}")
        await tickets.run_timers()
        assert (await client.get(f"{path}/{attachment['id']}/content")).status_code == 404

    async def test_of_nothing_are_refused(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}/attachments"
        assert (await client.post(path, params={"name": "a"}, content=b"")).status_code == 422


class TestDeletingAnArticle:
    async def test_takes_its_files_along(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = f"/v1/articles/{(await write_article(client))['id']}"
        await client.post(f"{path}/attachments", params={"name": "a.txt"}, content=b"a")
        assert (await client.delete(path)).status_code == 204
        assert await tickets.run_timers() >= 1
        assert (await client.get(path)).status_code == 404


class TestCategories:
    async def test_leave_their_articles_when_they_go(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        category = await post(client, "/v1/article-categories", 201, names={"en": "Returns"}, position=2)
        article = await write_article(client, category_id=category["id"])
        assert (await get(client, "/v1/articles", category_id=category["id"]))["data"][0]["id"] == article["id"]
        renamed = await patch(client, f"/v1/article-categories/{category['id']}", names={"en": "Sending back"})
        assert (renamed["position"], renamed["version"]) == (2, 2)
        assert (await client.delete(f"/v1/article-categories/{category['id']}")).status_code == 204
        assert (await get(client, f"/v1/articles/{article['id']}"))["category_id"] is None

"""The public help pages."""

from datetime import timedelta
from typing import Any
from uuid import UUID
from xml.etree import ElementTree

import httpx
import pytest

from services.tickets.articles.addresses import account_in, site_of
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.articles.writing import RETURNS, write_article
from tests.tickets.builders import get, patch

ATOM = "{http://www.w3.org/2005/Atom}"
GERMAN = RETURNS | {"title": "Etwas zurückgeben", "body": "Innerhalb von **30 Tagen**."}


@pytest.fixture
async def account(account: UUID, tickets: Harness) -> UUID:
    created = AccountCreated(account_id=account, name="Corner Bakery", locale="en", timezone="UTC")
    await tickets.deliver(created, account=account, subject=account)
    return account


def path_of(url: str) -> str:
    return httpx.URL(url).path


async def shown(tickets: Harness, path: str, status: int = 200, **headers: str) -> str:
    answer = await tickets.anonymous().get(path, headers=headers)
    assert answer.status_code == status, answer.text
    assert "script" not in answer.headers["content-security-policy"]
    return answer.text


async def shown_feed(tickets: Harness, path: str) -> str:
    return (await tickets.anonymous().get(path)).text


class TestTheFirstPage:
    async def test_is_in_the_readers_language(self, tickets: Harness, account: UUID) -> None:
        await write_article(tickets.client(account=account), translations={"en": RETURNS, "de": GERMAN})
        site = f"/help/{site_of(account)}"
        for accepted, locale in (("de-AT,de;q=0.9", "de"), ("sv", "en")):
            answer = await tickets.anonymous().get(site, headers={"Accept-Language": accepted})
            assert (answer.status_code, path_of(answer.headers["location"])) == (302, f"{site}/{locale}")

    async def test_lists_what_is_public_on_its_shelves(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        shelf = (await client.post("/v1/article-categories", json={"names": {"en": "Sending back"}})).json()
        await write_article(client, category_id=shelf["id"])
        await write_article(client, visibility="internal", translations={"en": RETURNS | {"title": "Goodwill"}})
        text = await shown(tickets, f"/help/{site_of(account)}/en")
        for expected in ("Corner Bakery", "Sending back", "Returning something", 'rel="canonical"'):
            assert expected in text
        assert "Goodwill" not in text

    async def test_follows_the_name_of_the_account(self, tickets: Harness, account: UUID) -> None:
        renamed = AccountUpdated(account_id=account, name="Bread & Butter", locale="en", timezone="UTC")
        await tickets.deliver(renamed, account=account, subject=account, version=2)
        assert "Bread &amp; Butter" in await shown(tickets, f"/help/{site_of(account)}/en")

    async def test_of_an_account_that_is_not_is_a_friendly_page(self, tickets: Harness) -> None:
        for site in (site_of(new_id()), "x", "é" * 22):
            assert "does not exist" in await shown(tickets, f"/help/{site}/en", 404)

    async def test_is_gone_when_the_help_centre_is_closed(self, tickets: Harness, account: UUID) -> None:
        answer = await tickets.client(account=account).put("/v1/help-centre", json={"is_open": False})
        assert answer.status_code == 200
        await shown(tickets, f"/help/{site_of(account)}/en", 404)


class TestAnArticle:
    async def test_is_shown_with_its_languages(self, tickets: Harness, account: UUID) -> None:
        article = await write_article(tickets.client(account=account), translations={"en": RETURNS, "de": GERMAN})
        text = await shown(tickets, path_of(article["url"]["de"]))
        for expected in (
            '<html lang="de" dir="ltr">',
            "<strong>30 Tagen</strong>",
            f'rel="canonical" href="{article["url"]["de"]}"',
            f'hreflang="en" href="{article["url"]["en"]}"',
        ):
            assert expected in text

    async def test_is_found_under_any_words_before_its_id(self, tickets: Harness, account: UUID) -> None:
        article = await write_article(tickets.client(account=account))
        text = await shown(tickets, f"/help/{site_of(account)}/en/articles/old-title-{UUID(article['id']).hex}")
        assert f'rel="canonical" href="{article["url"]["en"]}"' in text

    async def test_that_is_not_public_is_not_there(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        article = await write_article(client)
        for visibility in ("internal", "draft"):
            await patch(client, f"/v1/articles/{article['id']}", visibility=visibility)
            await shown(tickets, path_of(article["url"]["en"]), 404)

    async def test_of_another_account_is_not_there(self, tickets: Harness, account: UUID) -> None:
        other = new_id()
        created = AccountCreated(account_id=other, name="Other", locale="en", timezone="UTC")
        await tickets.deliver(created, account=other, subject=other)
        article = await write_article(tickets.client(account=account))
        await shown(tickets, f"/help/{site_of(other)}/en/articles/{UUID(article['id']).hex}", 404)

    async def test_can_be_voted_on_once_for_each_visitor(self, tickets: Harness, account: UUID) -> None:
        client, reader = tickets.client(account=account), tickets.anonymous()
        article = await write_article(client)
        path = path_of(article["url"]["en"])
        for said in ("no", "yes", "yes", "rubbish"):
            voted = await reader.post(f"{path}/vote", data={"helpful": said, "comment": ""})
            assert "Thank you" in voted.text
        await reader.post(f"{path}/vote", data={"helpful": "no"}, headers={"User-Agent": "Another browser"})
        seen = await get(client, f"/v1/articles/{article['id']}")
        assert (seen["helpful"], seen["unhelpful"]) == (1, 1)

    async def test_gives_out_its_files(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        article = await write_article(client)
        attached = await client.post(
            f"/v1/articles/{article['id']}/attachments", params={"name": "form.pdf"}, content=b"%PDF"
        )
        path = f"{path_of(article['url']['en'])}/files/{UUID(attached.json()['id']).hex}"
        given = await tickets.anonymous().get(path)
        assert (given.content, given.headers["content-disposition"][:10]) == (b"%PDF", "attachment")
        await patch(client, f"/v1/articles/{article['id']}", visibility="draft")
        assert (await tickets.anonymous().get(path)).status_code == 404


class TestSearchingOnThePages:
    async def test_shows_what_it_found(self, tickets: Harness, account: UUID) -> None:
        await write_article(tickets.client(account=account))
        text = await shown(tickets, f"/help/{site_of(account)}/en/search?q=<refnud>")
        assert "Returning something" in text
        assert "&lt;refnud&gt;" in text

    async def test_keeps_what_it_did_not_find(self, tickets: Harness, account: UUID) -> None:
        assert "Nothing was found" in await shown(tickets, f"/help/{site_of(account)}/en/search?q=gift%20cards%00")
        [miss] = (await get(tickets.client(account=account), "/v1/articles/misses"))["data"]
        assert (miss["query"], miss["origin"]) == ("gift cards", "page")

    async def test_suggests_while_somebody_types(self, tickets: Harness, account: UUID) -> None:
        await write_article(tickets.client(account=account))
        answer = await tickets.anonymous().get(f"/help/{site_of(account)}/suggestions?q=how+do+I+retu")
        assert [hit["title"] for hit in answer.json()["data"]] == ["Returning something"]
        assert answer.headers["access-control-allow-origin"] == "*"


class TestTheMapOfTheSite:
    async def test_has_every_page_in_every_language(self, tickets: Harness, account: UUID) -> None:
        article = await write_article(tickets.client(account=account), translations={"en": RETURNS, "de": GERMAN})
        answer = await tickets.anonymous().get(f"/help/{site_of(account)}/sitemap.xml")
        assert answer.headers["content-type"].startswith("application/xml")
        for locale in ("en", "de"):
            assert f"<loc>{article['url'][locale]}</loc>" in answer.text


class TestTheFeed:
    async def test_has_what_is_public_in_its_language_newest_first(self, tickets: Harness, account: UUID) -> None:
        client, site = tickets.client(account=account), f"/help/{site_of(account)}"
        older = await write_article(client, translations={"en": RETURNS, "de": GERMAN})
        tickets.clock.advance(timedelta(days=1))
        newer = await write_article(client, translations={"en": RETURNS | {"title": "Salt & <pepper>"}})
        await write_article(client, visibility="internal", translations={"en": RETURNS})
        answer = await tickets.anonymous().get(f"{site}/en/feed.atom")
        assert answer.headers["content-type"].startswith("application/atom+xml")
        feed = ElementTree.fromstring(answer.text)
        entries = feed.findall(f"{ATOM}entry")
        assert [entry.findtext(f"{ATOM}title") for entry in entries] == ["Salt & <pepper>", RETURNS["title"]]
        assert [entry.findtext(f"{ATOM}id") for entry in entries] == [f"urn:uuid:{one['id']}" for one in (newer, older)]
        links = [link.get("href") for entry in entries for link in entry.findall(f"{ATOM}link")]
        assert links == [newer["url"]["en"], older["url"]["en"]]
        assert feed.findtext(f"{ATOM}updated") == tickets.clock.now().isoformat()
        german = ElementTree.fromstring(await shown_feed(tickets, f"{site}/de/feed.atom"))
        assert len(german.findall(f"{ATOM}entry")) == 1

    async def test_is_found_from_every_page(self, tickets: Harness, account: UUID) -> None:
        article = await write_article(tickets.client(account=account), translations={"en": RETURNS})
        for path in (f"/help/{site_of(account)}/en", path_of(article["url"]["en"])):
            assert f'href="/help/{site_of(account)}/en/feed.atom"' in await shown(tickets, path)

    async def test_of_a_language_without_articles_is_not_there(self, tickets: Harness, account: UUID) -> None:
        await write_article(tickets.client(account=account), translations={"en": RETURNS})
        await shown(tickets, f"/help/{site_of(account)}/fr/feed.atom", 404)


class TestItsLooks:
    async def test_need_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get("/v1/help-centre")).status_code == 401

    async def test_are_kept_as_they_were_set(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        looks: dict[str, Any] = {"accent": "#7a1fa2", "intro": {"en": "Ask us anything."}}
        answer = await client.put("/v1/help-centre", json=looks | {"contact_url": "mailto:hi@shop.example"})
        assert answer.json()["url"].endswith(site_of(account))
        text = await shown(tickets, f"/help/{site_of(account)}/en")
        for expected in ("--accent:#7a1fa2", "Ask us anything.", 'href="mailto:hi@shop.example"'):
            assert expected in text

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [({"accent": "#ffff00"}, "/accent"), ({"contact_url": "javascript:alert(1)"}, "/contact_url")],
    )
    async def test_that_nobody_could_use_are_refused(
        self, tickets: Harness, account: UUID, body: dict[str, Any], pointer: str
    ) -> None:
        answer = await tickets.client(account=account).put("/v1/help-centre", json=body)
        assert [problem["pointer"] for problem in answer.json()["errors"]] == [pointer]


class TestTheSiteInAnAddress:
    def test_is_the_account_and_nothing_else_is(self) -> None:
        account_id = new_id()
        assert account_in(site_of(account_id)) == account_id
        assert account_in(site_of(account_id)[:-1] + "_") is None

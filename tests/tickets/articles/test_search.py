"""Finding articles: by words, by words that are nearly right, and by what means the same."""

from typing import Any
from uuid import UUID

import httpx
import pytest

from services.tickets.articles.vocabulary import edits, nearest
from services.tickets.articles.writing import as_html
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.articles.writing import write_article
from tests.tickets.builders import get, open_ticket


def page(title: str, body: str = "Text.", **fields: Any) -> dict[str, Any]:
    return {"title": title, "body": body} | fields


async def titles(client: httpx.AsyncClient, q: str, **query: Any) -> list[str]:
    return [hit["title"] for hit in (await get(client, "/v1/articles/search", q=q, **query))["data"]]


class TestSearching:
    async def test_needs_a_credential(self, tickets: Harness) -> None:
        assert (await tickets.anonymous().get("/v1/articles/search?q=refund")).status_code == 401

    async def test_finds_nothing_of_another_account(self, tickets: Harness, account: UUID) -> None:
        await write_article(tickets.client(account=account))
        assert await titles(tickets.client(account=new_id()), "refund") == []

    async def test_understands_the_forms_of_a_word(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        await write_article(client, translations={"de": page("Pakete verfolgen", "Jedes Paket hat eine Nummer.")})
        assert await titles(client, "how are refunds returned?") == ["Returning something"]
        assert await titles(client, "paket", locale="de") == ["Pakete verfolgen"]

    @pytest.mark.parametrize("typo", ["refnud", "refun", "reefund", "rwfund"])
    async def test_forgives_a_slip(self, tickets: Harness, account: UUID, typo: str) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        found = await get(client, "/v1/articles/search", q=typo)
        assert [hit["title"] for hit in found["data"]] == ["Returning something"]
        assert "refund" in found["understood_as"][typo]

    async def test_puts_the_title_before_the_text(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client, translations={"en": page("Opening hours", "For an invoice, call us.")})
        await write_article(client, translations={"en": page("Your invoice", "It comes by mail.")})
        assert await titles(client, "invoice") == ["Your invoice", "Opening hours"]

    async def test_does_not_take_one_common_word_for_an_answer(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        assert await titles(client, "how many days until the concert tickets arrive in Lisbon") == []

    async def test_knows_what_means_the_same(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        assert await titles(client, "reimbursement") == []
        groups = [["reimbursement", "money back", "refund"], ["till", "register"]]
        answer = await client.put("/v1/article-synonyms", json={"groups": groups})
        assert (answer.status_code, answer.json()["version"]) == (200, 1)
        assert await titles(client, "reimbursement") == ["Returning something"]

    async def test_of_half_a_word_finds_it_while_somebody_types(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        assert await titles(client, "retur", typing=True) == ["Returning something"]

    async def test_shows_staff_what_is_internal_and_nobody_a_draft(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client, visibility="internal", translations={"en": page("Goodwill for refunds")})
        await write_article(client, visibility="draft", translations={"en": page("Refunds in cash")})
        assert await titles(client, "refunds") == ["Goodwill for refunds"]
        assert await titles(client, "refunds", only_public=True) == []

    @pytest.mark.parametrize("odd", ["'", "& | !", "a:*", "((", "\\", "50%", "the", "x" * 1_000, "_ __"])
    async def test_takes_whatever_is_typed(self, tickets: Harness, account: UUID, odd: str) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        for typing in (True, False):
            assert await titles(client, odd, typing=typing) == []


class TestSearchesWithoutResult:
    async def test_are_counted_and_reported(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        for query in ("gift cards", "Gift  cards?", "vegan", "gift"):
            await get(client, "/v1/articles/search", q=query, typing=query == "gift")
        misses = (await get(client, "/v1/articles/misses"))["data"]
        assert [(miss["query"], miss["searches"]) for miss in misses] == [("gift cards", 2), ("vegan", 1)]
        assert (await get(tickets.client(account=new_id()), "/v1/articles/misses"))["data"] == []

    @pytest.mark.parametrize("query", ["ana@example.com order", "4111 1111 1111 1111"])
    async def test_with_something_personal_are_not_kept(self, tickets: Harness, account: UUID, query: str) -> None:
        client = tickets.client(account=account)
        await get(client, "/v1/articles/search", q=query)
        assert (await get(client, "/v1/articles/misses"))["data"] == []


class TestSuggestionsForATicket:
    async def test_fit_what_it_is_about(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        await write_article(client)
        ticket = await open_ticket(client, subject="Refund", description="I sent the boots back and wait for my money")
        found = await get(client, f"/v1/tickets/{ticket['id']}/suggestions")
        assert [hit["title"] for hit in found["data"]] == ["Returning something"]

    async def test_of_another_account_are_not_there(self, tickets: Harness, account: UUID) -> None:
        ticket = await open_ticket(tickets.client(account=account))
        answer = await tickets.client(account=new_id()).get(f"/v1/tickets/{ticket['id']}/suggestions")
        assert answer.status_code == 404


class TestSlips:
    @pytest.mark.parametrize(
        ("one", "other", "slips"),
        [("refund", "refund", 0), ("refnud", "refund", 1), ("refun", "refund", 1), ("cat", "dog", 3), ("", "ab", 2)],
    )
    def test_are_counted(self, one: str, other: str, slips: int) -> None:
        assert edits(one, other) == edits(other, one) == slips

    def test_are_forgiven_once_in_a_short_word(self) -> None:
        assert nearest("bots", ["boots", "hats", "bats"]) == ["bats", "boots"]
        assert nearest("invocie", ["invoice", "voice"]) == ["invoice"]


class TestMarkdown:
    @pytest.mark.parametrize(
        ("levels", "shown"), [("# ## ###", [2, 3, 4]), ("## ####", [2, 3]), ("### #", [3, 2]), ("######", [2])]
    )
    def test_has_headings_below_the_title_without_gaps(self, levels: str, shown: list[int]) -> None:
        html = as_html("\n\n".join(f"{signs} A" for signs in levels.split()))
        assert html.split() == [part for level in shown for part in f"<h{level}>A</h{level}>".split()]

    def test_becomes_safe_html(self) -> None:
        html = as_html(
            "# Hi\n\n<script>x</script> [a](javascript:x) [b](https://b.example) ![c](data:x)\n\n| a |\n|-|\n| 1 |"
        )
        for shown in ("<h2>Hi</h2>", "<table>", 'href="https://b.example" rel="noopener noreferrer"'):
            assert shown in html
        for harm in ("<script", 'href="javascript', 'src="data'):
            assert harm not in html

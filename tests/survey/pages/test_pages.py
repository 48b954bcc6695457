"""The hosted page, as a browser without scripts sees it."""

import asyncio
import base64
import hashlib
import re
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog.testing

from services.survey.invitations.tokens import Link, LinkKind, Links
from shared.contracts.gateway import AccountCreated, AccountUpdated
from shared.contracts.survey import ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import know_customer, open_survey
from tests.survey.definition.making import page, question


class Page(HTMLParser):
    """Tags with their attributes, in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        return [has for name, has in self.tags if name == tag and attributes.items() <= has.items()]


async def invited(survey: Harness, account: UUID, **fields: Any) -> str:
    """The path of a customer's personal page."""
    client = survey.client(account=account)
    live = await open_survey(client, **fields)
    ana = await know_customer(survey, account)
    answer = await client.post(f"/v1/surveys/{live['id']}/invitations", json={"customers": [str(ana)]})
    return httpx.URL(answer.json()["data"][0]["url"]).path


async def open_link(survey: Harness, account: UUID, **fields: Any) -> str:
    client = survey.client(account=account)
    live = await open_survey(client, **fields)
    return httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path


async def received(survey: Harness, account: UUID) -> list[ResponseReceived]:
    events = await survey.emitted(account, ResponseReceived)
    return [event.data for event in events if isinstance(event.data, ResponseReceived)]


def heading(page: httpx.Response) -> str:
    found = re.search("<h1>(.*?)</h1>", page.text)
    assert found
    return found.group(1)


class TestTheHead:
    async def test_names_the_business_and_not_the_survey(self, survey: Harness, account: UUID) -> None:
        created = AccountCreated(account_id=account, name="Corner Bakery", locale="en", timezone="UTC")
        await survey.deliver(created, account=account, subject=account)
        renamed = AccountUpdated(account_id=account, name="Corner & Bakery", locale="en", timezone="UTC")
        await survey.deliver(renamed, account=account, subject=account, version=2)
        await survey.deliver(created, account=account, subject=account)
        page = await survey.anonymous().get(await open_link(survey, account, name="Internal name"))
        assert heading(page) == "Corner &amp; Bakery"
        assert "Internal name" not in page.text


class TestTheLink:
    @pytest.mark.parametrize("token", ["x", "AQ", "A" * 66, "%00", "é", "..%2f"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_that_nobody_made_leads_to_a_friendly_404(self, survey: Harness, token: str, method: str) -> None:
        page = await survey.anonymous().request(method, f"/s/{token}")
        assert page.status_code == 404

    async def test_of_an_invitation_that_never_was_leads_to_a_friendly_404(
        self, survey: Harness, account: UUID
    ) -> None:
        path = httpx.URL(Links(survey.runtime.settings).url(Link(LinkKind.INVITATION, account, new_id()))).path
        page = await survey.anonymous().get(path)
        assert (page.status_code, heading(page)) == (404, "This page does not exist")

    async def test_of_another_account_does_not_reach_this_accounts_invitation(
        self, survey: Harness, account: UUID
    ) -> None:
        links = Links(survey.runtime.settings)
        mine = links.read((await invited(survey, account)).removeprefix("/s/"))
        assert mine is not None
        forged = httpx.URL(links.url(Link(mine.kind, new_id(), mine.target_id))).path
        assert (await survey.anonymous().get(forged)).status_code == 404

    async def test_of_a_receipt_is_not_one_of_a_survey(self, survey: Harness, account: UUID) -> None:
        live = await open_survey(survey.client(account=account))
        token = Links(survey.runtime.settings).token(Link(LinkKind.RECEIPT, account, UUID(live["id"])))
        assert (await survey.anonymous().get(f"/s/{token}")).status_code == 404

    async def test_that_ran_out_says_so(self, survey: Harness, account: UUID) -> None:
        path = await invited(survey, account)
        survey.clock.advance(timedelta(days=30))
        for method in ("GET", "POST"):
            page = await survey.anonymous().request(method, path, data={"score": "9"})
            assert (page.status_code, heading(page)) == (410, "This link has expired")
        assert await received(survey, account) == []

    async def test_to_a_paused_survey_says_so(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        path = httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path
        await client.post(f"/v1/surveys/{live['id']}/pause")
        page = await survey.anonymous().post(path, data={"score": "9"})
        assert (page.status_code, heading(page)) == (410, "This survey is closed")
        assert await received(survey, account) == []


class TestLooking:
    async def test_records_nothing_whatever_the_link_carries(self, survey: Harness, account: UUID) -> None:
        path = await invited(survey, account)
        for method in ("GET", "HEAD"):
            assert (await survey.anonymous().request(method, f"{path}?score=9")).status_code == 200
        assert await received(survey, account) == []
        assert (await survey.anonymous().post(path, data={"score": "3"})).status_code == 200

    async def test_preselects_the_score_of_the_link(self, survey: Harness, account: UUID) -> None:
        page = Page((await survey.anonymous().get(f"{await invited(survey, account)}?score=9")).text)
        chosen = [radio for radio in page.all("input", type="radio") if "checked" in radio]
        assert [radio["value"] for radio in chosen] == ["9"]

    @pytest.mark.parametrize("score", ["11", "-1", "x", "09", '9"><script>', ""])
    async def test_preselects_nothing_for_a_score_that_is_none(
        self, survey: Harness, account: UUID, score: str
    ) -> None:
        answer = await survey.anonymous().get(await invited(survey, account), params={"score": score})
        assert answer.status_code == 200
        assert not [radio for radio in Page(answer.text).all("input", type="radio") if "checked" in radio]
        assert answer.text.count("<script>") == 1

    async def test_runs_only_its_own_script_and_fetches_nothing(self, survey: Harness, account: UUID) -> None:
        answer = await survey.anonymous().get(await invited(survey, account))
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["cache-control"] == "private, no-cache"
        assert answer.headers["referrer-policy"] == "no-referrer"
        page = Page(answer.text)
        [script] = re.findall("<script>(.*?)</script>", answer.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"script-src 'sha256-{digest}'; connect-src 'self';" in policy
        assert page.all("script") == [{}]
        assert [link["href"] for link in page.all("link")] == ["data:,"]
        assert not re.search(r"<[^>]*\s(on\w+|style)=|https?://", answer.text)

    async def test_shows_an_accounts_own_words_as_text_not_as_markup(self, survey: Harness, account: UUID) -> None:
        named = AccountCreated(account_id=account, name="<b>Tea</b> & co", locale="en", timezone="UTC")
        await survey.deliver(named, account=account, subject=account)
        path = await invited(survey, account, texts={"en": {"question": "<script>alert(1)</script>"}})
        html = (await survey.anonymous().get(path)).text
        assert "&lt;b&gt;Tea&lt;/b&gt; &amp; co" in html
        assert "&lt;script&gt;alert(1)" in html
        assert "<script>alert" not in html


class TestAccessibility:
    async def test_every_control_has_a_name_and_every_group_a_legend(self, survey: Harness, account: UUID) -> None:
        html = (await survey.anonymous().get(await invited(survey, account))).text
        page = Page(html)
        assert len(page.all("fieldset")) == len(page.all("legend")) == 1
        assert len(page.all("input", type="radio")) == 11
        assert len(page.all("label")) == 12
        [text] = page.all("textarea")
        assert page.all("label", **{"for": str(text["id"])})
        assert ": Not at all likely" in html
        assert ": Extremely likely" in html

    async def test_an_error_is_announced_and_leads_to_its_field(self, survey: Harness, account: UUID) -> None:
        path = await invited(survey, account)
        answer = await survey.anonymous().post(path, data={"comment": "Kept <as> typed"})
        assert answer.status_code == 422
        page = Page(answer.text)
        assert page.all("div", role="alert")
        [link] = page.all("a")
        assert page.all("input", id=str(link["href"]).removeprefix("#"))
        assert page.all("fieldset", **{"aria-describedby": "score-problem"})
        assert page.all("p", id="score-problem")
        assert "Kept &lt;as&gt; typed" in answer.text
        assert await received(survey, account) == []

    @pytest.mark.parametrize(("locale", "direction"), [("de", "ltr"), ("ar", "rtl")])
    async def test_says_its_language_and_direction(
        self, survey: Harness, account: UUID, locale: str, direction: str
    ) -> None:
        path = await open_link(survey, account)
        by_browser = await survey.anonymous().get(path, headers={"Accept-Language": f"xx, en;q=0.1, {locale};q=0.8"})
        by_hand = await survey.anonymous().get(f"{path}?lang={locale}")
        for answer in (by_browser, by_hand):
            assert Page(answer.text).all("html", lang=locale, dir=direction)


class TestAnswering:
    async def test_stores_the_answer_with_who_and_what_it_is_about(self, survey: Harness, account: UUID) -> None:
        path = await invited(survey, account)
        page = await survey.anonymous().post(path, data={"score": "2", "comment": " Too late.\r\nSad. "})
        assert (page.status_code, heading(page)) == (200, "Thank you!")
        [answer] = await received(survey, account)
        assert [(one.question, one.value) for one in answer.answers] == [("score", 2), ("comment", "Too late.\nSad.")]
        assert (answer.channel, answer.language) == ("email", "en")
        assert answer.customer is not None
        assert answer.customer.id is not None
        assert answer.submission_id == f"invitation:{answer.invitation_id}"

    async def test_twice_is_one_response_and_thanks_again(self, survey: Harness, account: UUID) -> None:
        path = await invited(survey, account)
        pages = await asyncio.gather(*(survey.anonymous().post(path, data={"score": "2"}) for _ in range(10)))
        assert {page.status_code for page in pages} == {200}
        assert sorted(heading(page) for page in pages) == ["Thank you!"] + ["We already have your answer"] * 9
        assert len(await received(survey, account)) == 1
        later = await survey.anonymous().get(path)
        assert (later.status_code, heading(later)) == (410, "We already have your answer")

    async def test_by_the_open_link_counts_each_form_once(self, survey: Harness, account: UUID) -> None:
        path = await open_link(survey, account)
        for score in ("3", "10"):
            form = Page((await survey.anonymous().get(path)).text)
            [hidden] = form.all("input", name=".submission")
            for _ in range(2):
                data = {".submission": str(hidden["value"]), "score": score}
                assert (await survey.anonymous().post(path, data=data)).status_code == 200
        given = await received(survey, account)
        assert [one.answers[0].value for one in given] == [3, 10]
        assert [(one.customer, one.channel) for one in given] == [(None, "link")] * 2

    @pytest.mark.parametrize(
        "data",
        [
            {},
            {"score": "11"},
            {"score": "9.5"},
            {"score": ""},
            {"score": "9", "comment": "x" * 5_001},
            {"score": "9", "comment": "a\x00b"},
        ],
    )
    async def test_wrongly_shows_the_form_again_and_stores_nothing(
        self, survey: Harness, account: UUID, data: dict[str, str]
    ) -> None:
        page = await survey.anonymous().post(await invited(survey, account), data=data)
        assert page.status_code == 422
        assert Page(page.text).all("div", role="alert")
        assert await received(survey, account) == []

    @pytest.mark.parametrize("content", [b"\xff\xfe", b"&".join([b"a=1"] * 1_000), b'{"score": 9}', b"score=%ff"])
    async def test_with_what_is_no_form_shows_the_form_again(
        self, survey: Harness, account: UUID, content: bytes
    ) -> None:
        page = await survey.anonymous().post(await invited(survey, account), content=content)
        assert page.status_code == 422


class TestABrokenForm:
    async def test_without_a_boundary_is_refused(self, survey: Harness, account: UUID) -> None:
        path = await open_link(survey, account)
        headers = {"Content-Type": "multipart/form-data"}
        page = await survey.anonymous().post(path, content=b"score=9", headers=headers)
        assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")

    @pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
    async def test_whose_sender_went_away_is_no_error_of_ours(self, survey: Harness, account: UUID, kind: str) -> None:
        path = await open_link(survey, account)
        messages = [{"type": "http.request", "body": b"sco", "more_body": True}, {"type": "http.disconnect"}]
        answered: list[Any] = []

        async def receive() -> Any:
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            answered.append(message)

        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "POST", "path": path,
            "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
            "headers": [(b"content-type", kind.encode())], "client": ("127.0.0.1", 1), "server": ("test", 80),
        }  # fmt: skip
        with structlog.testing.capture_logs() as logs:
            await survey.app(scope, receive, send)
        assert [entry for entry in logs if entry["log_level"] == "error"] == []
        assert answered[0]["status"] == 400


class TestNames:
    async def test_of_questions_are_never_those_of_the_form(self, survey: Harness, account: UUID) -> None:
        keys = ["go", "lang", "left", "submission", "stamp", "attempt", "website", "elements", "dataset"]
        asked = [question(key, title={"en": key, "de": key}) for key in keys]
        pages = [page("one", *asked[:5]), page("two", *asked[5:])]
        definition = {"locales": ["en", "de"], "pages": pages}
        path = await open_link(survey, account, kind="custom", definition=definition)
        visitor = survey.anonymous()
        first = Page((await visitor.get(path)).text)
        own = {
            str(has["name"])
            for _, has in first.tags
            if has.get("name") and has["name"] not in ("viewport", "robots", "color-scheme")
        }
        assert {name for name in own if not name.startswith(".")} == set(keys[:5])
        given = {key: f"my {key}" for key in keys}
        second = Page((await visitor.post(path, data={key: given[key] for key in keys[:5]} | _hidden(first))).text)
        ended = await visitor.post(path, data=_hidden(second) | {key: given[key] for key in keys[5:]})
        assert heading(ended) == "Thank you!"
        responses = [one for one in await received(survey, account) if one.completed]
        assert {answer.question: answer.value for answer in responses[-1].answers} == given


def _hidden(shown: Page) -> dict[str, str]:
    return {str(has["name"]): str(has["value"]) for has in shown.all("input", type="hidden")}

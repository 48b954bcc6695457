"""The built-in mailbox: there while mail is kept here, gone as soon as it is not."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.app import SERVICE
from services.notifier.messages import delivery
from shared.ids import new_id
from shared.settings import Environment
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, invitation, send_messages, ticket_replied


@pytest.fixture
async def notifier(harness: Any) -> Harness:
    """At the address that the tests' clients ask."""
    made: Harness = await harness(SERVICE, public_url="http://heed.test")
    return made


async def received(notifier: Harness, account: UUID, **reply: Any) -> str:
    """Have a reply mailed to a fresh address; returns the path of the mail in the mailbox."""
    await an_account(notifier, account)
    address = f"{account}@example.com"
    ana = await a_customer(notifier, account, email=address)
    await notifier.deliver(ticket_replied(ana, **reply), account=account)
    await send_messages(notifier)
    page = (await notifier.anonymous().get("/mailbox")).text
    [entry] = [part for part in page.split("<li>") if address in part]
    return entry.split('href="')[1].split('"')[0]


class TestThePages:
    async def test_show_what_a_customer_would_have_received(self, notifier: Harness, account: UUID) -> None:
        path = await received(notifier, account, text="It is on its way.")
        mail = await notifier.anonymous().get(path)
        assert mail.status_code == 200
        assert "It is on its way." in mail.text
        assert f"{account}@example.com" in mail.text
        assert "Message-ID: &lt;" in mail.text
        html = await notifier.anonymous().get(f"{path}/html")
        assert "It is on its way." in html.text

    async def test_show_a_mail_once_that_was_handed_over_twice(
        self, notifier: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await an_account(notifier, account)
        address = f"{account}@example.com"
        ana = await a_customer(notifier, account, email=address)
        await notifier.deliver(invitation(ana, notifier.clock.now()), account=account)

        async def die(*_: object) -> None:
            raise ConnectionError

        with monkeypatch.context() as patched:
            patched.setattr(delivery, "_note", die)
            await send_messages(notifier)
        notifier.clock.advance(timedelta(seconds=61))
        await send_messages(notifier)
        page = (await notifier.anonymous().get("/mailbox")).text
        assert page.count(address) == 1

    async def test_let_nothing_of_a_mail_run_or_reach_out(self, notifier: Harness, account: UUID) -> None:
        path = await received(notifier, account, text="<script>alert(1)</script>", subject="<img src=x onerror=a>")
        page = await notifier.anonymous().get(path)
        html = await notifier.anonymous().get(f"{path}/html")
        for answer in (page, html):
            assert "<script" not in answer.text
            assert "<img src=x" not in answer.text
            assert "script-src" not in answer.headers["content-security-policy"]
            assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "sandbox allow-popups" in html.headers["content-security-policy"]
        assert html.headers["x-frame-options"] == "SAMEORIGIN"
        assert page.headers["x-frame-options"] == "DENY"

    async def test_say_so_when_a_mail_is_not_there(self, notifier: Harness) -> None:
        assert (await notifier.anonymous().get(f"/mailbox/{new_id()}")).status_code == 404
        assert (await notifier.anonymous().get("/mailbox/nonsense")).status_code == 422


class TestAskedUnderAnotherName:
    """A page of another site whose name was made to mean this machine."""

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "localhost.evil.example", "x@[", ""])
    async def test_the_pages_refuse(self, notifier: Harness, host: str) -> None:
        for path in ("/mailbox", f"/mailbox/{new_id()}", f"/mailbox/{new_id()}/html"):
            answer = await notifier.anonymous().get(path, headers={"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (403, "other_host")

    @pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "[::1]:8000", "heed.test:81"])
    async def test_but_not_under_their_own(self, notifier: Harness, host: str) -> None:
        assert (await notifier.anonymous().get("/mailbox", headers={"Host": host})).status_code == 200

    async def test_on_a_server_the_edge_decides(self, notifier: Harness) -> None:
        changes = {"environment": Environment.PRODUCTION, "mailbox": "on"}
        notifier.runtime.settings = notifier.runtime.settings.model_copy(update=changes)
        assert (await notifier.anonymous().get("/mailbox", headers={"Host": "notifier"})).status_code == 200


class TestWithoutAMailbox:
    @pytest.mark.parametrize("settings", [{"smtp_host": "mail.example"}, {"mailbox": "off"}])
    async def test_the_pages_do_not_exist(self, harness: Any, settings: dict[str, Any]) -> None:
        notifier = await harness(SERVICE, **settings)
        await self.have_gone(notifier)

    async def test_nor_in_production(self, notifier: Harness) -> None:
        changes = {"environment": Environment.PRODUCTION}
        notifier.runtime.settings = notifier.runtime.settings.model_copy(update=changes)
        await self.have_gone(notifier)

    async def have_gone(self, notifier: Harness) -> None:
        for path in ("/mailbox", f"/mailbox/{new_id()}", f"/mailbox/{new_id()}/html"):
            answer = await notifier.anonymous().get(path)
            assert answer.status_code == 404
            assert "mail server" in answer.json()["detail"]

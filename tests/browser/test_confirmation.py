"""The question whether it is solved, as a customer meets it on a phone: in the dark, from right to left, without a
script."""

from typing import Literal
from uuid import UUID

import pytest
from playwright.async_api import Browser

from services.tickets.app import SERVICE
from shared.testing.harness import Harness
from tests.browser.chromium import visiting
from tests.browser.conftest import Site
from tests.conftest import HarnessFactory
from tests.tickets.builders import get
from tests.tickets.confirmations.test_confirmations import resolved


@pytest.fixture
async def tickets(harness: HarnessFactory) -> Harness:
    return await harness(SERVICE)


@pytest.mark.parametrize(("scheme", "locale"), [("light", "en"), ("dark", "ar")])
async def test_has_no_faults_and_two_answers(
    tickets: Harness, account: UUID, browser: Browser, serve: Site, scheme: Literal["light", "dark"], locale: str
) -> None:
    ticket_id, path = await resolved(tickets, account)
    address = await serve(tickets.app)
    async with visiting(browser, address, scheme=scheme, locale=locale) as visitor:
        await visitor.page.goto(f"{path}?solved=yes")
        assert await visitor.faults() == []
        assert await visitor.page.evaluate("document.documentElement.scrollWidth") <= 390
        # The answer that the mail's link meant has the focus.
        await visitor.page.keyboard.press("Enter")
        await visitor.page.wait_for_selector("[role=status]")
        assert await visitor.faults() == []
    loop = await get(tickets.client(account=account), f"/v1/loops/{ticket_id}")
    assert loop["confirmed_by"] == "link"

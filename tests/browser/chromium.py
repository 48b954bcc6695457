"""The browser of the tests: an installed Chromium, driven by Playwright, that speaks to this machine only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

from tests.browser.installed import chromium

PHONE: ViewportSize = {"width": 390, "height": 780}
# No sandbox, for containers that run as root; no calls home.
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    # Nothing but this machine has a name.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]


@asynccontextmanager
async def launched() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=_ARGUMENTS)
        try:
            yield browser
        finally:
            await browser.close()


@dataclass(slots=True)
class Visitor:
    """One person with a browser window. `asked`: every address that their pages fetched."""

    context: BrowserContext
    page: Page
    asked: list[str]

    async def faults(self) -> list[str]:
        """What axe-core finds wrong with the page, best practices included; empty if nothing."""
        found = await Axe().run(self.page)
        violations: list[dict[str, Any]] = found.response["violations"]
        return [f"{one['id']}: {node['html'][:300]}" for one in violations for node in one["nodes"]]


@asynccontextmanager
async def visiting(
    browser: Browser,
    base_url: str,
    *,
    scripts: bool = True,
    scheme: Literal["light", "dark"] = "light",
    locale: str = "en",
    viewport: ViewportSize = PHONE,
) -> AsyncIterator[Visitor]:
    context = await browser.new_context(
        base_url=base_url,
        java_script_enabled=scripts,
        color_scheme=scheme,
        locale=locale,
        viewport=viewport,
        has_touch=viewport == PHONE,
        reduced_motion="reduce",
    )
    context.set_default_timeout(15_000)
    page = await context.new_page()
    visitor = Visitor(context, page, [])
    page.on("request", lambda request: visitor.asked.append(request.url))
    try:
        yield visitor
    finally:
        await context.close()

"""What people see in a browser."""

import hashlib
import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from services.gateway.docs import endpoints
from shared.contracts.registry import registry

if TYPE_CHECKING:
    from shared.testing.harness import Harness

PAGES = ["/", "/docs", "/docs/events"]
VENDOR = Path(endpoints.__file__).parent / "assets/vendor/swagger-ui"


class TestPages:
    @pytest.mark.parametrize("path", PAGES)
    async def test_open_without_a_credential(self, gateway: "Harness", path: str) -> None:
        answer = await gateway.anonymous().get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/html")

    @pytest.mark.parametrize("path", PAGES)
    async def test_load_nothing_from_elsewhere_and_nothing_inline(self, gateway: "Harness", path: str) -> None:
        answer = await gateway.anonymous().get(path)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"([^\"]+)\"", answer.text)
        assert loaded
        assert all(address.startswith("/assets/") for address in loaded)
        assert not re.search(r"<script>|<style|style=|onclick=", answer.text)

    @pytest.mark.parametrize("path", PAGES)
    async def test_everything_they_load_is_there(self, gateway: "Harness", path: str) -> None:
        client = gateway.anonymous()
        for address in re.findall(r"(?:src|href)=\"(/assets/[^\"]+)\"", (await client.get(path)).text):
            assert (await client.get(address)).status_code == 200

    async def test_the_start_page_says_where_things_are(self, gateway: "Harness") -> None:
        page = (await gateway.anonymous().get("/")).text
        for place in ("/docs", "/docs/events", "/mailbox", "/readyz", "/v1/openapi.json", "/v1/asyncapi.json"):
            assert f'href="{place}"' in page

    async def test_the_events_page_tells_of_every_event(self, gateway: "Harness") -> None:
        page = html.unescape((await gateway.anonymous().get("/docs/events")).text)
        for event_type, payload in registry().items():
            assert f'id="{event_type}"' in page
            assert " ".join((payload.__doc__ or "").split()) in page

    async def test_asyncapi_describes_every_event(self, gateway: "Harness") -> None:
        document = (await gateway.anonymous().get("/v1/asyncapi.json")).json()
        assert document["asyncapi"] == "3.0.0"
        assert {channel["address"] for channel in document["channels"].values()} == set(registry())

    @pytest.mark.parametrize("path", ["/assets/../app.py", "/assets/%2e%2e/endpoints.py", "/assets/", "/assets/nope"])
    async def test_assets_are_what_is_in_their_folder(self, gateway: "Harness", path: str) -> None:
        assert (await gateway.anonymous().get(path)).status_code == 404


class TestVendoredFiles:
    def test_are_the_ones_that_were_published(self) -> None:
        listed = dict(line.split(maxsplit=1)[::-1] for line in (VENDOR / "SHA256SUMS").read_text().splitlines())
        for name, digest in listed.items():
            assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == digest
        assert {"swagger-ui-bundle.js", "swagger-ui.css", "LICENSE", "NOTICE"} <= listed.keys()

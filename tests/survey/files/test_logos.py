"""`/v1/surveys/logos` and `/s/logos/{token}`: an account's own image on the hosted page."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.app import SERVICE
from services.survey.invitations.tokens import Link, LinkKind, Links
from shared.contracts.gateway import AccountCreated
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.building import make_survey, open_survey
from tests.survey.definition.making import page, question

PATH = "/v1/surveys/logos"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50
IMAGES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe1\x00\x10Exif" + b"0" * 100,
    "image/webp": b"RIFF\x24\x00\x00\x00WEBPVP8 " + b"0" * 50,
    "image/gif": b"GIF89a" + b"0" * 50,
}
THREE_DAYS = timedelta(days=3)
A_MONTH = timedelta(days=31)


@pytest.fixture
async def keeping(harness: HarnessFactory, tmp_path: Path) -> Harness:
    return await harness(SERVICE, survey_contact_wait_seconds=0, files_folder=str(tmp_path / "files"))


async def uploaded(client: httpx.AsyncClient, content: bytes = PNG) -> dict[str, Any]:
    answer = await client.post(PATH, content=content)
    assert answer.status_code == 201, answer.text
    logo: dict[str, Any] = answer.json()
    return logo


def branded(logo_id: str | None, alt: str = "Corner & Bakery", **fields: Any) -> dict[str, Any]:
    theme = {"logo_file_id": logo_id, "logo_alt": {"en": alt}} if logo_id else {}
    return {"pages": [page("one", question("name"))], "theme": theme} | fields


async def open_link(client: httpx.AsyncClient, live: dict[str, Any]) -> str:
    return httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path


def images(page: httpx.Response) -> list[str]:
    return re.findall("<img[^>]*>", page.text)


class TestAccess:
    async def test_needs_a_credential(self, keeping: Harness) -> None:
        assert (await keeping.anonymous().post(PATH, content=PNG)).status_code == 401
        assert (await keeping.anonymous().get(PATH)).status_code == 401

    async def test_needs_the_scope(self, keeping: Harness, account: UUID) -> None:
        reader = keeping.client("surveys:read", account=account)
        assert (await reader.post(PATH, content=PNG)).status_code == 403
        assert (await reader.get(PATH)).json()["data"] == []

    async def test_another_accounts_logo_is_not_there(self, keeping: Harness, account: UUID) -> None:
        client, stranger = keeping.client(account=account), keeping.client(account=new_id())
        logo = await uploaded(client)
        assert (await stranger.get(PATH)).json()["data"] == []
        theirs = await make_survey(stranger, kind="custom", definition=branded(logo["id"]))
        refused = await stranger.post(f"/v1/surveys/{theirs['id']}/publish")
        assert [fault["code"] for fault in refused.json()["errors"]] == ["unknown_logo"]


class TestUploading:
    @pytest.mark.parametrize("media_type", IMAGES)
    async def test_is_listed_and_shown_to_everybody(self, keeping: Harness, account: UUID, media_type: str) -> None:
        client = keeping.client(account=account)
        logo = await uploaded(client, IMAGES[media_type])
        assert (await client.get(PATH)).json()["data"] == [logo]
        shown = await keeping.anonymous().get(httpx.URL(logo["url"]).path)
        assert (shown.status_code, shown.content) == (200, IMAGES[media_type])
        assert shown.headers["content-type"] == media_type == logo["media_type"]
        assert shown.headers["x-content-type-options"] == "nosniff"
        assert shown.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert shown.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"

    @pytest.mark.parametrize(
        ("content", "status"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", 422),
            (b"<html><script>alert(1)</script></html>", 422),
            (b"%PDF-1.7\n%abc", 422),
            (b"\x00\x00\x00\x18ftypheic" + b"0" * 50, 422),
            (b"", 422),
            (PNG + b"0" * (200_001 - len(PNG)), 413),
            (PNG + b"0" * 2_000_000, 413),
        ],
    )
    async def test_what_is_no_small_image_is_refused(
        self, keeping: Harness, account: UUID, content: bytes, status: int
    ) -> None:
        client = keeping.client(account=account)
        assert (await client.post(PATH, content=content)).status_code == status
        assert (await client.get(PATH)).json()["data"] == []

    async def test_the_largest_that_is_taken(self, keeping: Harness, account: UUID) -> None:
        logo = await uploaded(keeping.client(account=account), PNG + b"0" * (200_000 - len(PNG)))
        assert logo["size"] == 200_000

    async def test_says_so_where_no_files_are_kept(self, harness: HarnessFactory, account: UUID) -> None:
        client = (await harness(SERVICE, files_folder="")).client(account=account)
        answer = await client.post(PATH, content=PNG)
        assert (answer.status_code, answer.json()["code"]) == (503, "no_place_for_files")


class TestTheAddress:
    async def test_serves_logos_and_nothing_else(self, keeping: Harness, account: UUID) -> None:
        """A picture that answers a question stays between whoever sent it and the staff."""
        client = keeping.client(account=account)
        asking = {"pages": [page("one", question("photo", "file", kinds=["image"]))]}
        live = await open_survey(client, kind="custom", definition=asking)
        asked = {"survey_id": live["id"], "submission_id": "s-1", "question": "photo"}
        photo = (await client.post("/v1/uploads", params=asked, content=PNG)).json()
        links, logo_id = Links(keeping.runtime.settings), UUID((await uploaded(client))["id"])
        for link in (
            Link(LinkKind.RECEIPT, account, logo_id),
            Link(LinkKind.LOGO, account, UUID(photo["id"])),
            Link(LinkKind.LOGO, new_id(), logo_id),
            Link(LinkKind.OPEN, account, UUID(live["id"])),
        ):
            answer = await keeping.anonymous().get(f"/s/logos/{links.token(link)}")
            assert (answer.status_code, answer.json()["code"]) == (404, "logo_not_found")
            assert "max-age" not in answer.headers.get("cache-control", "")
        assert (await keeping.anonymous().get("/s/logos/x")).status_code == 404

    async def test_is_no_survey_and_no_receipt(self, keeping: Harness, account: UUID) -> None:
        logo = await uploaded(keeping.client(account=account))
        token = httpx.URL(logo["url"]).path.rsplit("/", 1)[1]
        for path in (f"/s/{token}", f"/r/{token}"):
            assert (await keeping.anonymous().get(path)).status_code == 404


class TestASurvey:
    @pytest.mark.parametrize("logo_id", ["logo.png", "0197a1f0-0000-7000-8000-000000000000"])
    async def test_is_not_published_with_a_logo_that_is_not_there(
        self, keeping: Harness, account: UUID, logo_id: str
    ) -> None:
        client = keeping.client(account=account)
        definition = branded(logo_id)
        draft = await make_survey(client, kind="custom", definition=definition)
        for path, body in (
            ("/v1/surveys/validate", {"definition": definition}),
            (f"/v1/surveys/{draft['id']}/validate", None),
        ):
            told = (await client.post(path, json=body)).json()
            found = [(fault["pointer"], fault["code"]) for fault in told["faults"]]
            assert (told["publishable"], found) == (False, [("/theme/logo_file_id", "unknown_logo")])
        refused = await client.post(f"/v1/surveys/{draft['id']}/publish")
        [error] = refused.json()["errors"]
        assert (refused.status_code, error["pointer"]) == (422, "/definition/theme/logo_file_id")

    async def test_shows_it_on_every_page_with_its_words(self, keeping: Harness, account: UUID) -> None:
        client, anybody = keeping.client(account=account), keeping.anonymous()
        named = AccountCreated(account_id=account, name="Corner Bakery Ltd", locale="en", timezone="UTC")
        await keeping.deliver(named, account=account, subject=account)
        logo = await uploaded(client)
        live = await open_survey(client, kind="custom", definition=branded(logo["id"]))
        path = await open_link(client, live)
        image = f'<img class="logo" src="{httpx.URL(logo["url"]).path}" alt="Corner &amp; Bakery">'
        first, again = await anybody.get(path), await anybody.get(path)
        assert f"<h1>{image}</h1>" in first.text
        assert images(again) == [image]
        assert "<title>Corner Bakery Ltd</title>" in first.text
        assert "img-src 'self'" in first.headers["content-security-policy"]
        ended = await anybody.post(path, data={"name": "Ana"})
        assert (ended.status_code, images(ended)) == (200, [image])
        [receipt] = re.findall(r'href="([^"]*/r/[^"]*)"', ended.text)
        for place in ("", "/change", "/delete"):
            assert images(await anybody.get(httpx.URL(receipt).path + place)) == [image]
        await client.post(f"/v1/surveys/{live['id']}/pause")
        assert images(await anybody.get(path)) == [image]

    async def test_without_one_says_the_name(self, keeping: Harness, account: UUID) -> None:
        client = keeping.client(account=account)
        live = await open_survey(client, kind="custom", definition=branded(None))
        assert images(await keeping.anonymous().get(await open_link(client, live))) == []

    async def test_words_are_text_and_not_markup(self, keeping: Harness, account: UUID) -> None:
        client = keeping.client(account=account)
        logo = await uploaded(client)
        definition = branded(logo["id"], alt='"><script>alert(1)</script>')
        shown = await keeping.anonymous().get(
            await open_link(client, await open_survey(client, kind="custom", definition=definition))
        )
        assert 'alt="&#34;&gt;&lt;script&gt;alert(1)' in shown.text


class TestForgetting:
    async def test_what_no_survey_names_goes_and_the_rest_stays(
        self, keeping: Harness, account: UUID, tmp_path: Path
    ) -> None:
        client = keeping.client(account=account)
        unused, drafted, published, replaced = [await uploaded(client) for _ in range(4)]
        draft = await make_survey(client, kind="custom", definition=branded(drafted["id"]))
        await open_survey(client, kind="custom", definition=branded(published["id"]))
        live = await open_survey(client, kind="custom", definition=branded(replaced["id"]))
        await client.patch(f"/v1/surveys/{live['id']}", json={"definition": branded(None)})

        async def kept_after(time: timedelta) -> set[str]:
            keeping.clock.advance(time)
            await keeping.run_timers()
            kept = {logo["id"] for logo in (await client.get(PATH)).json()["data"]}
            assert {path.name for path in (tmp_path / "files" / str(account)).iterdir()} == kept
            return kept

        named = {drafted["id"], published["id"], replaced["id"]}
        assert await kept_after(THREE_DAYS) == named
        assert (await keeping.anonymous().get(httpx.URL(unused["url"]).path)).status_code == 404
        await client.patch(f"/v1/surveys/{draft['id']}", json={"definition": branded(None)})
        assert await kept_after(A_MONTH) == named - {drafted["id"]}

    async def test_a_duplicate_keeps_it(self, keeping: Harness, account: UUID) -> None:
        client = keeping.client(account=account)
        logo = await uploaded(client)
        draft = await make_survey(client, kind="custom", definition=branded(logo["id"]))
        copy = (await client.post(f"/v1/surveys/{draft['id']}/duplicate")).json()
        await client.patch(f"/v1/surveys/{draft['id']}", json={"definition": branded(None)})
        keeping.clock.advance(THREE_DAYS)
        await keeping.run_timers()
        assert (await client.post(f"/v1/surveys/{copy['id']}/publish")).status_code == 200

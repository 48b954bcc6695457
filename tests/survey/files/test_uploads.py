"""`/v1/uploads`: files that answer a question."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.app import SERVICE
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.building import open_survey, response_to
from tests.survey.definition.making import page, question

PATH = "/v1/uploads"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture
async def keeping(harness: HarnessFactory, tmp_path: Path) -> Harness:
    return await harness(SERVICE, survey_contact_wait_seconds=0, files_folder=str(tmp_path / "files"))


async def asking_for_a_photo(client: httpx.AsyncClient, **fields: Any) -> dict[str, Any]:
    pages = [page("one", question("photo", "file", kinds=["image"], megabytes=1, most=2), question("name"))]
    return await open_survey(client, kind="custom", definition={"locales": ["en"], "pages": pages} | fields)


async def uploaded(
    client: httpx.AsyncClient, survey: dict[str, Any], content: bytes = PNG, **query: Any
) -> httpx.Response:
    asked = {"survey_id": survey["id"], "submission_id": "s-1", "question": "photo", "name": "broken.png"} | query
    return await client.post(PATH, params=asked, content=content)


def photo(*ids: str) -> list[dict[str, Any]]:
    return [{"question": "photo", "value": list(ids)}]


class TestAccess:
    async def test_needs_a_credential(self, keeping: Harness) -> None:
        assert (await keeping.anonymous().post(PATH, content=PNG)).status_code == 401
        assert (await keeping.anonymous().get(f"{PATH}/{new_id()}/content")).status_code == 401

    async def test_another_accounts_file_is_not_there(self, keeping: Harness, account: UUID) -> None:
        client, stranger = keeping.client(account=account), keeping.client(account=new_id())
        file = (await uploaded(client, await asking_for_a_photo(client))).json()
        for path in (f"{PATH}/{file['id']}", f"{PATH}/{file['id']}/content"):
            assert (await stranger.get(path)).status_code == 404


class TestUploading:
    async def test_is_given_out_to_be_saved_and_never_shown(self, keeping: Harness, account: UUID) -> None:
        client = keeping.client(account=account)
        live = await asking_for_a_photo(client)
        file = await uploaded(client, live, name="../Käse\u202e\n<b>.png")
        assert file.status_code == 201, file.text
        assert (file.json()["media_type"], file.json()["name"]) == ("image/png", "Käse<b>.png")
        content = await client.get(f"{PATH}/{file.json()['id']}/content")
        assert content.content == PNG
        assert content.headers["content-disposition"] == "attachment; filename*=UTF-8''K%C3%A4se%3Cb%3E.png"
        assert content.headers["content-security-policy"] == "sandbox; default-src 'none'"
        assert content.headers["x-content-type-options"] == "nosniff"

    async def test_the_answer_names_it(self, keeping: Harness, account: UUID) -> None:
        client = keeping.client(account=account)
        live = await asking_for_a_photo(client)
        file = (await uploaded(client, live)).json()
        accepted = await client.post("/v1/responses", json=response_to(live, answers=photo(file["id"])))
        assert accepted.status_code == 201, accepted.text
        assert (await client.get(f"{PATH}/{file['id']}")).json()["response_id"] == accepted.json()["id"]

    async def test_a_file_of_another_attempt_is_refused(self, keeping: Harness, account: UUID) -> None:
        client = keeping.client(account=account)
        live = await asking_for_a_photo(client)
        file = (await uploaded(client, live, submission_id="theirs")).json()
        refused = await client.post("/v1/responses", json=response_to(live, answers=photo(file["id"])))
        assert refused.json()["errors"][0]["code"] == "unknown_file"
        assert (await client.get("/v1/responses")).json()["data"] == []

    @pytest.mark.parametrize(
        ("content", "query", "status"),
        [
            (b"<svg onload='alert(1)'/>", {}, 422),
            (b"%PDF-1.7\n", {}, 422),
            (PNG + b"0" * 1_100_000, {}, 413),
            (PNG, {"question": "name"}, 422),
            (PNG, {"question": "nope"}, 422),
        ],
    )
    async def test_what_was_not_asked_for_is_refused(
        self, keeping: Harness, account: UUID, content: bytes, query: dict[str, str], status: int
    ) -> None:
        client = keeping.client(account=account)
        live = await asking_for_a_photo(client)
        assert (await uploaded(client, live, content, **query)).status_code == status


class TestForgetting:
    async def test_what_no_answer_names_goes_after_two_days(
        self, keeping: Harness, account: UUID, tmp_path: Path
    ) -> None:
        client = keeping.client(account=account)
        live = await asking_for_a_photo(client)
        kept, dropped = [(await uploaded(client, live)).json() for _ in range(2)]
        await client.post("/v1/responses", json=response_to(live, answers=photo(kept["id"])))
        keeping.clock.advance(timedelta(days=2, minutes=1))
        await keeping.run_timers()
        assert (await client.get(f"{PATH}/{dropped['id']}")).status_code == 404
        assert (await client.get(f"{PATH}/{kept['id']}/content")).content == PNG
        assert [path.name for path in (tmp_path / "files" / str(account)).iterdir()] == [kept["id"]]

"""Nothing that was entered is lost: parts, files, going on later; and what is known of how it was filled in."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from services.survey.app import SERVICE
from services.survey.attempts.models import Attempt
from services.survey.pages.filling import SPENT, STAMP, TRAP
from services.survey.responses.models import Response
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.building import know_customer, open_survey
from tests.survey.definition.making import page, question

PAGES = [
    page("first", question("score", "nps", required=True)),
    page("second", question("why", "long_text"), question("photo", "file", most=2)),
    page("third", question("name")),
]
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


@pytest.fixture
async def survey(harness: HarnessFactory, tmp_path: Path) -> Harness:
    return await harness(SERVICE, survey_contact_wait_seconds=0, files_folder=str(tmp_path / "files"))


async def open_page(survey: Harness, account: UUID, *, personal: bool = False, **definition: Any) -> str:
    client = survey.client(account=account)
    live = await open_survey(client, kind="custom", definition={"pages": PAGES} | definition)
    if not personal:
        return httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path
    ana = await know_customer(survey, account)
    answer = await client.post(f"/v1/surveys/{live['id']}/invitations", json={"customers": [str(ana)]})
    return httpx.URL(answer.json()["data"][0]["url"]).path


def form(page: httpx.Response) -> dict[str, Any]:
    """What the page's hidden fields carry, and what is checked or typed in."""
    hidden = re.findall('<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    kept = re.findall('<input type="checkbox" name="([^"]+)" value="([^"]*)" checked', page.text)
    found: dict[str, Any] = {}
    for name, value in [*hidden, *kept]:
        found.setdefault(name, []).append(value)
    return found


async def responses(survey: Harness, account: UUID) -> list[Response]:
    async with survey.work(account) as work:
        return list(await work.session.scalars(select(Response).where(Response.account_id == account)))


async def attempts(survey: Harness, account: UUID) -> list[Attempt]:
    async with survey.work(account) as work:
        return list(await work.session.scalars(select(Attempt).where(Attempt.account_id == account)))


def given(response: Response) -> dict[str, Any]:
    return {answer["question"]: answer["value"] for answer in response.answers}


class TestParts:
    @pytest.mark.parametrize("personal", [True, False])
    async def test_are_kept_page_by_page_and_are_one_response(
        self, survey: Harness, account: UUID, personal: bool
    ) -> None:
        path, visitor = await open_page(survey, account, personal=personal), survey.anonymous()
        second = await visitor.post(path, data=form(await visitor.get(path)) | {"score": "3"})
        [part] = await responses(survey, account)
        assert (given(part), part.completed) == ({"score": 3}, False)
        third = await visitor.post(path, data=form(second) | {"why": "Late."})
        done = await visitor.post(path, data=form(third) | {"name": "Ana"})
        assert "Thank you!" in done.text
        [whole] = await responses(survey, account)
        assert (given(whole), whole.completed) == ({"score": 3, "why": "Late.", "name": "Ana"}, True)

    async def test_are_nothing_before_the_first_answer(self, survey: Harness, account: UUID) -> None:
        path, visitor = await open_page(survey, account), survey.anonymous()
        assert (await visitor.post(path, data=form(await visitor.get(path)))).status_code == 422
        assert await responses(survey, account) == []


class TestAFullQuota:
    async def test_is_said_as_soon_as_it_is_known(self, survey: Harness, account: UUID) -> None:
        path, visitor = await open_page(survey, account, quotas=[{"key": "few", "limit": 1}]), survey.anonymous()
        for expected in ("Thank you!", "Thank you for your interest"):
            shown = await visitor.get(path)
            for entered in ({"score": "3"}, {"why": "Late."}, {"name": "Ana"}):
                if "</form>" in shown.text:
                    shown = await visitor.post(path, data=form(shown) | entered)
            assert (shown.status_code, f"<h1>{expected}</h1>" in shown.text) == (200, True)
        # Who comes too late hears it before they fill anything in.
        assert [one.over_quota for one in await responses(survey, account)] == [None]


class TestGoingOn:
    async def test_by_the_personal_link_is_where_somebody_was(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, personal=True)
        second = await survey.anonymous().post(path, data={"score": "3"})
        await survey.anonymous().post(path, data=form(second) | {"why": "Late <b>"})
        back = await survey.anonymous().get(path)
        assert "Late &lt;b&gt;</textarea>" in back.text
        assert form(back)["score"] == ["3"]
        assert form(back)[".left"] == ["first"]

    async def test_by_the_open_link_needs_the_address_that_was_given(self, survey: Harness, account: UUID) -> None:
        path, visitor = await open_page(survey, account), survey.anonymous()
        second = await visitor.post(path, data=form(await visitor.get(path)) | {"score": "3"})
        saved = await visitor.post(path, data=form(second) | {"why": "Late.", ".go": "later"})
        found = re.search(f'href="[^"]*({path}\\?attempt=[0-9a-f-]+)"', saved.text)
        assert found
        back = await survey.anonymous().get(found[1])
        assert "Late.</textarea>" in back.text
        assert form(back)[".submission"] == form(second)[".submission"]
        assert "Late." not in (await survey.anonymous().get(path)).text

    async def test_is_not_possible_once_it_is_done(self, survey: Harness, account: UUID) -> None:
        path, visitor = await open_page(survey, account), survey.anonymous()
        entered = form(await visitor.get(path)) | {
            "score": "3",
            "name": "Ana",
            ".left": "first,second",
            ".shown": "name",
        }
        await visitor.post(path, data=entered)
        back = await visitor.get(path, params={"attempt": entered[".submission"][0]})
        assert "score" not in form(back)
        assert "Ana" not in back.text

    async def test_of_an_anonymous_survey_there_is_no_memory(self, survey: Harness, account: UUID) -> None:
        path, visitor = await open_page(survey, account, anonymous=True), survey.anonymous()
        entered = form(await visitor.get(path)) | {"score": "3"}
        await visitor.post(path, data=entered)
        back = await visitor.get(path, params={"attempt": entered[".submission"][0]})
        assert "score" not in form(back)


class TestFiles:
    async def send(self, survey: Harness, path: str, *sent: tuple[str, bytes], **data: Any) -> httpx.Response:
        files = [("photo-file", (name, content)) for name, content in sent]
        return await survey.anonymous().post(path, data=data, files=files)

    async def test_answer_their_question(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, personal=True)
        second = await survey.anonymous().post(path, data={"score": "3"})
        assert 'enctype="multipart/form-data"' in second.text
        third = await self.send(survey, path, ("a.png", PNG), ("b.png", PNG), **form(second))
        done = await survey.anonymous().post(path, data=form(third))
        assert "Thank you!" in done.text
        [response] = await responses(survey, account)
        assert len(given(response)["photo"]) == 2

    async def test_are_shown_by_name_and_can_be_left_out(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, personal=True)
        second = await survey.anonymous().post(path, data={"score": "3"})
        third = await self.send(survey, path, ("<i>.png", PNG), **form(second))
        again = await survey.anonymous().post(path, data=form(third) | {".go": "back"})
        assert "&lt;i&gt;.png" in again.text
        [photo] = form(again)["photo"]
        data = form(again)
        del data["photo"]
        third = await self.send(survey, path, ("", b""), **data)
        assert photo not in third.text

    @pytest.mark.parametrize(
        ("content", "words"),
        [(b"MZ\x90\0" * 20, "This kind of file is not taken"), (PNG + b"x" * 5_300_000, "too large")],
    )
    async def test_that_are_not_taken_are_said_to_be_so(
        self, survey: Harness, account: UUID, content: bytes, words: str
    ) -> None:
        path = await open_page(survey, account, personal=True)
        second = await survey.anonymous().post(path, data={"score": "3"})
        answer = await self.send(survey, path, ("a.png", content), **form(second), why="Kept")
        assert answer.status_code == 422
        assert words in answer.text
        assert "Kept</textarea>" in answer.text

    async def test_of_somebody_else_are_not_taken(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account)
        mine = await survey.anonymous().post(path, data={"score": "3"})
        third = await self.send(survey, path, ("mine.png", PNG), **form(mine))
        theirs = await survey.anonymous().post(path, data={"score": "3"})
        data = form(theirs) | {"photo": form(third)["photo"], ".left": "first,second", "name": "Eve"}
        assert (await survey.anonymous().post(path, data=data)).status_code == 422
        back = await survey.anonymous().post(path, data=data | {".go": "look", ".left": "first"})
        assert (back.status_code, 'name="photo-file"' in back.text, "mine.png" in back.text) == (200, True, False)


class TestAttempts:
    async def test_say_how_long_each_question_took(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, personal=True)
        await survey.anonymous().post(path, data={"score": "3", SPENT: "name:12,nobody:5,score:1200,why:x,,:"})
        [attempt] = await attempts(survey, account)
        assert (attempt.state, attempt.seen, attempt.last_question) == ("started", {"name": 12, "score": 1200}, "score")

    async def test_that_were_only_seen_or_left_are_told_apart(self, survey: Harness, account: UUID) -> None:
        path, visitor = await open_page(survey, account), survey.anonymous()
        entered = form(await visitor.get(path))
        assert (await attempts(survey, account)) == []
        assert (await visitor.post(path, data=entered | {".go": "seen"})).status_code == 204
        assert [one.state for one in await attempts(survey, account)] == ["displayed"]
        assert (await visitor.post(path, data=entered | {".go": "leave", "score": "2"})).status_code == 204
        assert [one.state for one in await attempts(survey, account)] == ["dismissed"]
        [part] = await responses(survey, account)
        assert (given(part), part.completed) == ({"score": 2}, False)

    async def test_of_an_anonymous_survey_lead_to_nobody(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, personal=True, anonymous=True)
        entered = form(await survey.anonymous().get(path))
        await survey.anonymous().post(path, data=entered | {".go": "seen"})
        [attempt] = await attempts(survey, account)
        assert (attempt.customer_id, attempt.invitation_id) == (None, None)
        assert entered[".submission"][0] not in attempt.submission_id


class TestAnOlderVersion:
    @pytest.mark.parametrize(("version", "expected"), [(None, 1), ("2", 2), ("99", 2), ("1x", 2), ("-1", 2)])
    async def test_is_answered_as_it_was_asked(
        self, survey: Harness, account: UUID, version: str | None, expected: int
    ) -> None:
        client = survey.client(account=account)
        live = await open_survey(client, kind="custom", definition={"pages": PAGES[:1]})
        path = httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path
        entered = form(await survey.anonymous().get(path))
        await client.patch(f"/v1/surveys/{live['id']}", json={"definition": {"pages": [page("p", question("other"))]}})
        await client.post(f"/v1/surveys/{live['id']}/publish")
        entered |= {"score": "3", "other": "x"} | ({".version": version, ".shown": "other"} if version else {})
        assert (await survey.anonymous().post(path, data=entered)).status_code == 200
        [response] = await responses(survey, account)
        assert response.survey_version == expected


class TestSigns:
    async def test_of_a_program_are_noted_and_lose_nothing(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, pages=PAGES[:1])
        entered = form(await survey.anonymous().get(path))
        await survey.anonymous().post(path, data=entered | {"score": "3", TRAP: "https://spam.example"})
        [response] = await responses(survey, account)
        assert response.suspicious == ["trapped", "too_fast"]

    async def test_are_none_where_somebody_took_their_time(self, survey: Harness, account: UUID) -> None:
        path = await open_page(survey, account, pages=PAGES[:1])
        entered = form(await survey.anonymous().get(path))
        assert entered[STAMP]
        survey.clock.advance(timedelta(seconds=5))
        await survey.anonymous().post(path, data=entered | {"score": "3", TRAP: ""})
        [response] = await responses(survey, account)
        assert response.suspicious == []

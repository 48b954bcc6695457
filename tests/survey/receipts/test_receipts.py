"""`/r/{token}`: respondents see, change or delete their answers."""

from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.survey.app import SERVICE
from services.survey.invitations.tokens import Link, LinkKind, Links
from services.survey.responses.models import ResponseVersion
from shared.contracts.feedback import FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.contracts.survey import ResponseReceived, ResponseWithdrawn
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.building import answers, open_survey, response_to, understand
from tests.survey.definition.making import page, question, when
from tests.survey.files.test_uploads import photo, uploaded


async def answered(survey: Harness, account: UUID, **fields: Any) -> tuple[dict[str, Any], str, str]:
    """A survey, the id of an answer to it, and the path of its receipt."""
    client = survey.client(account=account)
    live = await open_survey(client)
    body = response_to(
        live, answers=answers(2, "It came <b>late</b>."), customer={"email": "ana@example.com"}, **fields
    )
    response_id = (await client.post("/v1/responses", json=body)).json()["id"]
    return live, response_id, receipt(survey, account, response_id)


def receipt(survey: Harness, account: UUID, response_id: str) -> str:
    link = Link(LinkKind.RECEIPT, account, UUID(response_id))
    return httpx.URL(Links(survey.runtime.settings).url(link)).path


async def stored(survey: Harness, account: UUID, response_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await survey.client(account=account).get(f"/v1/responses/{response_id}")).json()
    return found


class TestAccess:
    @pytest.mark.parametrize("path", ["/r/x", "/r/x/change", "/r/x/delete"])
    async def test_a_link_that_we_did_not_sign_opens_nothing(self, survey: Harness, path: str) -> None:
        page = await survey.anonymous().get(path)
        assert (page.status_code, page.headers["content-type"]) == (404, "text/html; charset=utf-8")

    async def test_a_link_of_another_account_or_kind_opens_nothing(self, survey: Harness, account: UUID) -> None:
        live, response_id, path = await answered(survey, account)
        links, visitor = Links(survey.runtime.settings), survey.anonymous()
        stranger = links.token(Link(LinkKind.RECEIPT, new_id(), UUID(response_id)))
        survey_link = links.token(Link(LinkKind.OPEN, account, UUID(live["id"])))
        for token in (stranger, survey_link):
            assert (await visitor.get(f"/r/{token}")).status_code == 404
        assert (await visitor.get(path.replace("/r/", "/s/"))).status_code == 404


class TestSeeing:
    async def test_shows_what_was_said_and_changes_nothing(self, survey: Harness, account: UUID) -> None:
        _, response_id, path = await answered(survey, account)
        before = await stored(survey, account, response_id)
        for below in ("", "/change", "/delete"):
            page = await survey.anonymous().get(path + below)
            assert page.status_code == 200
            kept = "private, no-cache" if below == "/change" else "no-store"
            assert page.headers["cache-control"] == kept
        page = await survey.anonymous().get(path)
        assert "It came &lt;b&gt;late&lt;/b&gt;." in page.text
        assert await stored(survey, account, response_id) == before

    async def test_the_last_page_leads_to_it(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        url = httpx.URL((await client.get(f"/v1/surveys/{live['id']}/link")).json()["url"]).path
        page = await survey.anonymous().post(url, data={"score": "9"})
        [response] = (await client.get("/v1/responses")).json()["data"]
        assert receipt(survey, account, response["id"]) in page.text


class TestChanging:
    async def test_is_a_new_revision_and_the_old_one_is_kept(self, survey: Harness, account: UUID) -> None:
        _, response_id, path = await answered(survey, account)
        await understand(survey, account)
        form = await survey.anonymous().get(f"{path}/change")
        assert "It came &lt;b&gt;late&lt;/b&gt;." in form.text
        page = await survey.anonymous().post(f"{path}/change", data={"score": "9", "comment": "I was mistaken."})
        assert "I was mistaken." in page.text
        response = await stored(survey, account, response_id)
        assert (response["score"], response["revision"], response["answers"]) == (9, 2, answers(9, "I was mistaken."))
        assert response["changed_at"] is not None
        async with survey.work(account) as work:
            version = await work.session.get(ResponseVersion, (UUID(response_id), 1))
            assert version is not None
            assert version.answers == answers(2, "It came <b>late</b>.")
        told = await survey.emitted(account, ResponseReceived)
        assert [event.aggregate_version for event in told] == [1, 2]

    async def test_the_others_hear_that_it_changed(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        response_id = (await client.post("/v1/responses", json=response_to(live))).json()["id"]
        await understand(survey, account)
        await survey.anonymous().post(f"{receipt(survey, account, response_id)}/change", data={"score": "1"})
        await understand(survey, account)
        [updated] = await survey.emitted(account, FeedbackUpdated)
        assert isinstance(updated.data, FeedbackUpdated)
        assert updated.data.rating is not None
        assert (updated.data.reason, updated.data.rating.value) == ("changed", 1)

    async def test_sent_twice_it_is_one_change(self, survey: Harness, account: UUID) -> None:
        _, response_id, path = await answered(survey, account)
        for _ in range(2):
            await survey.anonymous().post(f"{path}/change", data={"score": "9"})
        assert (await stored(survey, account, response_id))["revision"] == 2

    async def test_what_does_not_fit_is_shown_again(self, survey: Harness, account: UUID) -> None:
        _, response_id, path = await answered(survey, account)
        page = await survey.anonymous().post(f"{path}/change", data={"score": "99"})
        assert page.status_code == 422
        assert (await stored(survey, account, response_id))["revision"] == 1

    async def test_holds_against_the_version_that_was_answered(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live, response_id, path = await answered(survey, account)
        await client.patch(f"/v1/surveys/{live['id']}", json={"texts": {"en": {"question": "Entirely new?"}}})
        await client.post(f"/v1/surveys/{live['id']}/publish")
        form = await survey.anonymous().get(f"{path}/change")
        assert "Entirely new?" not in form.text
        await survey.anonymous().post(f"{path}/change", data={"score": "9"})
        assert (await stored(survey, account, response_id))["survey_version"] == 1


class TestDeleting:
    async def test_leaves_nothing_and_a_retry_does_not_bring_it_back(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live, _, path = await answered(survey, account)
        await understand(survey, account)
        page = await survey.anonymous().post(f"{path}/delete")
        assert page.status_code == 200
        assert (await survey.anonymous().get(path)).status_code == 410
        assert (await survey.anonymous().post(f"{path}/change", data={"score": "9"})).status_code == 410
        again = await client.post("/v1/responses", json=response_to(live))
        assert again.json()["duplicate"] is True
        assert (await client.get("/v1/responses")).json()["data"] == []
        [withdrawn] = await survey.emitted(account, ResponseWithdrawn)
        assert withdrawn.aggregate_version == 2

    async def test_takes_its_feedback_along(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        response_id = (await client.post("/v1/responses", json=response_to(live))).json()["id"]
        await understand(survey, account)
        await survey.anonymous().post(f"{receipt(survey, account, response_id)}/delete")
        await survey.deliver_raw([event.raw for event in await survey.emitted(account, ResponseWithdrawn)])
        assert (await client.get("/v1/feedback")).json()["data"] == []
        [erased] = await survey.emitted(account, FeedbackErased)
        [received] = await survey.emitted(account, FeedbackReceived)
        assert erased.subject == received.subject

    async def test_before_it_was_understood_it_never_becomes_feedback(self, survey: Harness, account: UUID) -> None:
        client = survey.client(account=account)
        live = await open_survey(client)
        response_id = (await client.post("/v1/responses", json=response_to(live))).json()["id"]
        await survey.anonymous().post(f"{receipt(survey, account, response_id)}/delete")
        await understand(survey, account)
        assert await survey.emitted(account, FeedbackReceived) == []


class TestFiles:
    @pytest.fixture
    async def keeping(self, harness: HarnessFactory, tmp_path: Path) -> Harness:
        return await harness(SERVICE, survey_contact_wait_seconds=0, files_folder=str(tmp_path / "files"))

    async def with_photos(self, keeping: Harness, account: UUID) -> tuple[list[str], str]:
        """Two photos, of which the answer names the first, and the path of its receipt."""
        client = keeping.client(account=account)
        asked = question("photo", "file", kinds=["image"], show_when=when("question.score", "less", 7))
        pages = [page("p", question("score", "nps"), asked)]
        live = await open_survey(client, kind="custom", definition={"locales": ["en"], "pages": pages})
        ids = [(await uploaded(client, live)).json()["id"] for _ in range(2)]
        body = response_to(live, answers=[*answers(3), *photo(ids[0])])
        response = await client.post("/v1/responses", json=body)
        assert response.status_code == 201, response.text
        return ids, receipt(keeping, account, response.json()["id"])

    async def left(self, keeping: Harness, account: UUID, ids: list[str]) -> list[int]:
        await keeping.run_timers()
        client = keeping.client(account=account)
        return [(await client.get(f"/v1/uploads/{one}/content")).status_code for one in ids]

    async def test_a_change_that_drops_one_deletes_it(self, keeping: Harness, account: UUID) -> None:
        ids, path = await self.with_photos(keeping, account)
        kept = {"score": "2", "photo": ids[0]}
        assert (await keeping.anonymous().post(f"{path}/change", data=kept)).status_code == 200
        assert await self.left(keeping, account, ids) == [200, 404]
        await keeping.anonymous().post(f"{path}/change", data={"score": "9"})
        assert await self.left(keeping, account, ids) == [404, 404]

    async def test_a_deletion_takes_those_that_no_answer_names_too(
        self, keeping: Harness, account: UUID, tmp_path: Path
    ) -> None:
        ids, path = await self.with_photos(keeping, account)
        await keeping.anonymous().post(f"{path}/delete")
        assert await self.left(keeping, account, ids) == [404, 404]
        assert [file for file in (tmp_path / "files").rglob("*") if file.is_file()] == []

"""`/w/{key}`: what the widget's script asks of us."""

import gzip
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from services.survey.widget.endpoints import script
from shared.auth.publishable import identity_secret, new_publishable_key
from shared.contracts.gateway import APIKeyCreated, APIKeyRevoked
from shared.contracts.survey import AttemptObserved, ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.survey.building import open_survey
from tests.survey.definition.making import page, question, when

ORIGIN = "https://shop.example"
HERE = {"Origin": ORIGIN}
SUBMISSION = "6f1c1f0e-8a3f-4d6b-9a44-6c9f9d1e2a10"


class Site:
    """A web page with the widget in it."""

    def __init__(self, survey: Harness, account: UUID, key_id: UUID, key: str) -> None:
        self.survey, self.account, self.key_id, self.key = survey, account, key_id, key
        self.visitor = survey.anonymous()

    async def shown(self, live: dict[str, Any], **query: str) -> dict[str, Any]:
        asked = {"submission": SUBMISSION} | query
        answer = await self.visitor.get(f"/w/{self.key}/surveys/{live['id']}", params=asked, headers=HERE)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def sends(self, path: str, body: dict[str, Any]) -> httpx.Response:
        headers = HERE | {"Content-Type": "text/plain;charset=UTF-8"}
        return await self.visitor.post(f"/w/{self.key}/{path}", content=orjson.dumps(body), headers=headers)


@pytest.fixture
async def site(survey: Harness, account: UUID) -> Site:
    key_id, key = new_id(), new_publishable_key(account)
    made = APIKeyCreated(
        api_key_id=key_id,
        name="Shop",
        scopes=("feedback:write",),
        kind="publishable",
        public_key=key,
        origins=(ORIGIN,),
    )
    await survey.deliver(made, account=account, subject=key_id)
    return Site(survey, account, key_id, key)


async def two_pages(site: Site, **fields: Any) -> dict[str, Any]:
    unhappy = when("question.score", "at_most", 6)
    pages = [
        page("one", question("score", "nps", required=True)),
        page("two", question("why", "long_text", show_when=unhappy)),
    ]
    definition = {"locales": ["en"], "pages": pages} | fields
    return await open_survey(site.survey.client(account=site.account), kind="custom", definition=definition)


def filled(live: dict[str, Any], step: dict[str, Any], left: list[str], **given: Any) -> dict[str, Any]:
    answers = [{"question": key, "value": value} for key, value in given.items()]
    return {
        "survey_id": live["id"],
        "survey_version": step["survey_version"],
        "submission_id": SUBMISSION,
        "language": "en",
        "left": left,
        "forward": True,
        "answers": answers,
        "stamp": step["stamp"],
        "seen": {"score": 3_000},
        "last_question": "score",
    }


class TestAccess:
    async def test_a_key_that_is_unknown_or_revoked_opens_nothing(self, site: Site) -> None:
        live = await two_pages(site)
        path = f"/w/{new_publishable_key(site.account)}/surveys/{live['id']}"
        assert (await site.visitor.get(path, headers=HERE)).status_code == 404
        assert (await site.visitor.get(f"/w/pk_x/surveys/{live['id']}", headers=HERE)).status_code == 404
        revoked = APIKeyRevoked(api_key_id=site.key_id)
        await site.survey.deliver(revoked, account=site.account, subject=site.key_id, version=2)
        path = f"/w/{site.key}/surveys/{live['id']}"
        assert (await site.visitor.get(path, headers=HERE)).status_code == 404

    @pytest.mark.parametrize("origin", ["https://evil.example", "https://shop.example.evil.example", "null", ""])
    async def test_another_web_site_may_not_use_it(self, site: Site, origin: str) -> None:
        live = await two_pages(site)
        answer = await site.visitor.get(f"/w/{site.key}/surveys/{live['id']}", headers={"Origin": origin})
        assert answer.status_code == 403
        assert "access-control-allow-origin" not in answer.headers

    async def test_its_own_web_site_may_read_the_answer(self, site: Site) -> None:
        live = await two_pages(site)
        answer = await site.visitor.get(f"/w/{site.key}/surveys/{live['id']}", headers=HERE)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in answer.headers
        asked = await site.visitor.options(f"/w/{site.key}/responses", headers=HERE)
        assert (asked.status_code, asked.headers["access-control-allow-headers"]) == (204, "Content-Type")

    async def test_another_accounts_survey_is_unknown(self, site: Site) -> None:
        theirs = await open_survey(site.survey.client(account=new_id()))
        answer = await site.visitor.get(f"/w/{site.key}/surveys/{theirs['id']}", headers=HERE)
        assert answer.status_code == 422


class TestAnswering:
    async def test_is_led_from_page_to_page_to_the_end(self, site: Site) -> None:
        live = await two_pages(site)
        step = await site.shown(live)
        assert [one["key"] for one in step["page"]["questions"]] == ["score"]
        site.survey.clock.advance(timedelta(seconds=5))
        second = (await site.sends("responses", filled(live, step, ["one"], score=3))).json()
        assert [one["key"] for one in second["page"]["questions"]] == ["why"]
        assert await site.survey.emitted(site.account, ResponseReceived) == []
        last = await site.sends("responses", filled(live, step, ["one", "two"], score=3, why="Late."))
        assert (last.json()["state"], last.json()["receipt"][:22]) == ("end", "http://localhost:8000/")
        [told] = await site.survey.emitted(site.account, ResponseReceived)
        assert isinstance(told.data, ResponseReceived)
        assert (told.data.completed, told.data.channel, told.data.suspicious) == (True, "widget", ())
        seen = [event.data for event in await site.survey.emitted(site.account, AttemptObserved)]
        assert [one.state for one in seen if isinstance(one, AttemptObserved)] == ["started", "completed"]

    async def test_a_page_that_asks_nothing_is_not_shown(self, site: Site) -> None:
        live = await two_pages(site)
        step = await site.shown(live)
        assert (await site.sends("responses", filled(live, step, ["one"], score=9))).json()["state"] == "end"
        [told] = await site.survey.emitted(site.account, ResponseReceived)
        assert isinstance(told.data, ResponseReceived)
        assert told.data.completed is True

    async def test_what_is_wrong_is_said_in_the_visitors_language(self, site: Site) -> None:
        live = await two_pages(site)
        refused = await site.sends("responses", filled(live, await site.shown(live), ["one"]))
        assert refused.status_code == 422
        assert refused.json()["errors"] == [{"question": "score", "words": "Please choose a number from 0 to 10."}]
        assert refused.headers["access-control-allow-origin"] == ORIGIN

    async def test_a_part_that_nothing_follows_is_told_after_a_while(self, site: Site) -> None:
        live = await two_pages(site)
        await site.sends("responses", filled(live, await site.shown(live), ["one"], score=3))
        site.survey.clock.advance(timedelta(minutes=31))
        await site.survey.run_timers()
        [told] = await site.survey.emitted(site.account, ResponseReceived)
        assert isinstance(told.data, ResponseReceived)
        assert told.data.completed is False

    async def test_going_back_shows_the_page_before(self, site: Site) -> None:
        live = await two_pages(site)
        body = filled(live, await site.shown(live), [], score=3) | {"forward": False}
        assert (await site.sends("responses", body)).json()["page"]["key"] == "one"

    async def test_a_program_is_flagged_and_not_lost(self, site: Site) -> None:
        live = await two_pages(site, proof_of_work=True)
        step = await site.shown(live)
        assert step["puzzle"]["algorithm"] == "SHA-256"
        body = filled(live, step, ["one", "two"], score=9) | {"trap": "http://spam.example"}
        assert (await site.sends("responses", body)).json()["state"] == "end"
        [told] = await site.survey.emitted(site.account, ResponseReceived)
        assert isinstance(told.data, ResponseReceived)
        assert told.data.suspicious == ("trapped", "too_fast", "no_proof")

    async def test_a_retry_is_the_same_response(self, site: Site) -> None:
        live = await two_pages(site)
        body = filled(live, await site.shown(live), ["one", "two"], score=9)
        assert [(await site.sends("responses", body)).json()["state"] for _ in range(2)] == ["end", "end"]
        found = (await site.survey.client(account=site.account).get("/v1/responses")).json()["data"]
        assert len(found) == 1


class TestWhoItIs:
    async def test_only_the_owners_server_can_say(self, site: Site) -> None:
        live = await two_pages(site)
        body = filled(live, await site.shown(live), ["one", "two"], score=9)
        key = OctKey.import_key(identity_secret(site.survey.runtime.settings, site.key_id))
        good = jwt.encode({"alg": "HS256"}, {"sub": "c-1042", "email": "ana@example.com"}, key)
        forged = jwt.encode({"alg": "HS256"}, {"sub": "c-1042"}, OctKey.import_key("another secret, long enough"))
        refused = await site.sends("responses", body | {"identity": forged})
        assert refused.json()["errors"][0]["code"] == "bad_identity"
        assert (await site.sends("responses", body | {"identity": good})).status_code == 200
        [told] = await site.survey.emitted(site.account, ResponseReceived)
        assert isinstance(told.data, ResponseReceived)
        assert told.data.customer is not None
        assert (told.data.customer.external_id, told.data.customer.email) == ("c-1042", "ana@example.com")


class TestObserving:
    async def test_displayed_and_dismissed_are_told(self, site: Site) -> None:
        live = await two_pages(site)
        for state in ("displayed", "dismissed"):
            shown = {"survey_id": live["id"], "submission_id": SUBMISSION, "state": state}
            assert (await site.sends("attempts", shown)).status_code == 200
        seen = [event.data for event in await site.survey.emitted(site.account, AttemptObserved)]
        assert [(one.state, one.channel) for one in seen if isinstance(one, AttemptObserved)] == [
            ("displayed", "widget"),
            ("dismissed", "widget"),
        ]


class TestTheScript:
    async def test_is_small_and_for_everybody(self, survey: Harness) -> None:
        answer = await survey.anonymous().get("/w/pk_whatever.js")
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
        assert len(gzip.compress(answer.content, 9)) <= 15 * 1024

    def test_carries_its_style_and_asks_for_nothing_else(self) -> None:
        assert "/*css*/" not in script()
        assert "prefers-reduced-motion" in script()
        assert "import(" not in script()
        assert "innerHTML" not in script()

"""`/v1/text-models/external`: masked, capped, after the fact, and without it everything goes on."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from services.survey.app import SERVICE
from services.survey.external_models import service, speaking
from services.survey.external_models.asking import ASKING
from services.survey.external_models.models import ExternalModel
from services.survey.feedback.models import Feedback
from services.survey.feedback.understanding import row_of
from shared.contracts.feedback import FeedbackUpdated
from shared.external_models import service as external
from shared.external_models.asking import Unreadable
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.notifier.receiver import Receiver, a_receiver
from tests.survey.learning.lessons import correct_all, heard

PATH = "/v1/text-models/external"
KEY = "sk-of-this-test"
TEXT = "It came in bits, write to ana@example.com or DE89370400440532013000"
STRANGE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
async def survey(harness: HarnessFactory) -> Harness:
    return await harness(SERVICE, survey_contact_wait_seconds=0, webhook_allow_cidrs="127.0.0.0/8")


@pytest.fixture
async def elsewhere() -> AsyncIterator[Receiver]:
    async with a_receiver() as receiver:
        receiver.answer = saying(
            sentiment="negative", score=-0.8, evidence=["bits", "not in it"], topics=["delivery", "x"]
        )
        yield receiver


def saying(**said: Any) -> bytes:
    content = orjson.dumps({"choices": [{"message": {"content": orjson.dumps(said).decode()}}]})
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)


async def switch_on(survey: Harness, account: UUID, elsewhere: Receiver, **fields: Any) -> dict[str, Any]:
    wanted = {"enabled": True, "base_url": f"http://127.0.0.1:{elsewhere.port}/v1", "model": "small-1", "api_key": KEY}
    answer = await survey.client(account=account).put(PATH, json=wanted | fields)
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def say(survey: Harness, account: UUID, *texts: str, **columns: Any) -> list[UUID]:
    ids = await heard(survey, account, texts, **columns)
    async with survey.work(account) as work:
        rows = [row_of(row) for one in ids if (row := await work.session.get(Feedback, one)) is not None]
        await service.note(work, rows)
    return ids


async def feedback(survey: Harness, account: UUID, feedback_id: UUID) -> dict[str, Any]:
    shown: dict[str, Any] = (await survey.client(account=account).get(f"/v1/feedback/{feedback_id}")).json()
    return shown


async def usage(survey: Harness, account: UUID) -> dict[str, Any]:
    shown: dict[str, Any] = (await survey.client(account=account).get(PATH)).json()
    return shown


class TestSetting:
    async def test_is_off_and_for_owners_and_admins(self, survey: Harness, account: UUID) -> None:
        assert (await survey.client(account=account).get(PATH)).status_code == 404
        agent = survey.client("feedback:read", "feedback:write", account=account)
        assert (await agent.put(PATH, json={})).status_code == 403
        [feedback_id] = await say(survey, account, "It came in bits.")
        assert await ASKING.run_due(survey.runtime) == 0
        assert (await feedback(survey, account, feedback_id))["sentiment"]["method"] == "model"

    async def test_the_key_is_sealed_and_never_shown(self, survey: Harness, account: UUID, elsewhere: Receiver) -> None:
        shown = await switch_on(survey, account, elsewhere)
        assert shown["has_api_key"]
        assert KEY not in str(shown)
        async with survey.work(account) as work:
            model = await external.read(work, ExternalModel)
            assert model.api_key is not None
            assert KEY.encode() not in model.api_key
        # It does not follow to another address.
        moved = await switch_on(survey, account, elsewhere, base_url="https://127.0.0.1/elsewhere", api_key=None)
        assert not moved["has_api_key"]
        assert (await survey.client(account=account).delete(PATH)).status_code == 204
        assert (await survey.client(account=account).get(PATH)).status_code == 404

    @pytest.mark.parametrize("url", ["http://10.0.0.1/v1", "file:///etc/passwd", "https://user:word@models.example"])
    async def test_an_address_inside_is_refused(
        self, survey: Harness, account: UUID, elsewhere: Receiver, url: str
    ) -> None:
        refused = await survey.client(account=account).put(
            PATH, json={"enabled": True, "base_url": url, "model": "small-1"}
        )
        assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/base_url")


class TestAsking:
    async def test_masked_words_go_out_and_labels_come_back(
        self, survey: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        """Seen to fail: without `masked` the address leaves."""
        await switch_on(survey, account, elsewhere)
        [feedback_id] = await say(
            survey, account, "It came in bits, write to ana@example.com or DE89370400440532013000"
        )
        assert (await usage(survey, account))["waiting"] == 1
        assert await ASKING.run_due(survey.runtime) == 1
        [request] = elsewhere.received
        sent = orjson.loads(request.body)
        assert request.headers["authorization"] == f"Bearer {KEY}"
        assert sent["model"] == "small-1"
        assert sent["messages"][-1]["content"] == "It came in bits, write to [email] or [iban]"
        assert b"ana@" not in request.body
        told = await feedback(survey, account, feedback_id)
        assert told["sentiment"] == {
            "label": "negative", "score": -0.8, "method": "external", "evidence": ["bits"], "model": "small-1",
            "mixed": False,
        }  # fmt: skip
        assert [(topic["key"], topic["model"]) for topic in told["topics"]] == [("delivery", "small-1")]
        [update] = [event.data for event in await survey.emitted(account, FeedbackUpdated)]
        assert isinstance(update, FeedbackUpdated)
        assert update.reason == "relabelled"
        shown = await usage(survey, account)
        assert (shown["calls_used"], shown["waiting"]) == (1, 0)
        assert shown["characters_used"] == len("It came in bits, write to [email] or [iban]")

    async def test_ratings_and_people_outrank_it(self, survey: Harness, account: UUID, elsewhere: Receiver) -> None:
        """The rated is never sent; what a person judged while it waited is not sent any more."""
        await switch_on(survey, account, elsewhere)
        await say(survey, account, "Five stars!", sentiment_method="rating", sentiment_label="positive")
        corrected = await say(survey, account, "It came in bits.")
        await correct_all(survey.client(account=account), corrected, sentiment="positive")
        await ASKING.run_due(survey.runtime)
        assert elsewhere.received == []

    async def test_the_cap_holds_until_next_month(self, survey: Harness, account: UUID, elsewhere: Receiver) -> None:
        """Seen to fail: without `take` all three leave."""
        await switch_on(survey, account, elsewhere, monthly_calls=2)
        await say(survey, account, "one, in bits", "two, in bits", "three, in bits")
        await ASKING.run_due(survey.runtime)
        assert len(elsewhere.received) == 2
        shown = await usage(survey, account)
        assert (shown["calls_used"], shown["waiting"]) == (2, 1)
        survey.clock.advance(timedelta(days=31))
        await ASKING.run_due(survey.runtime)
        assert len(elsewhere.received) == 3
        assert (await usage(survey, account))["calls_used"] == 1

    @pytest.mark.parametrize("answer", [503, STRANGE, saying(sentiment="angry")])
    async def test_it_tries_again_then_leaves_the_built_in_reading(
        self, survey: Harness, account: UUID, elsewhere: Receiver, answer: int | bytes
    ) -> None:
        elsewhere.answer = answer
        await switch_on(survey, account, elsewhere)
        [feedback_id] = await say(survey, account, "It came in bits.")
        for _ in range(5):
            await ASKING.run_due(survey.runtime)
            survey.clock.advance(timedelta(hours=2))
        assert len(elsewhere.received) == 3
        assert (await feedback(survey, account, feedback_id))["sentiment"]["method"] == "model"
        shown = await usage(survey, account)
        assert (shown["enabled"], shown["waiting"]) == (True, 0)

    async def test_a_wrong_key_switches_it_off_and_says_so(
        self, survey: Harness, account: UUID, elsewhere: Receiver
    ) -> None:
        elsewhere.answer = 401
        await switch_on(survey, account, elsewhere)
        await say(survey, account, "one, in bits", "two, in bits")
        await ASKING.run_due(survey.runtime)
        shown = await usage(survey, account)
        assert (shown["enabled"], shown["note"]) == (False, "switched off: answered 401")

    async def test_another_account_is_not_asked_for(self, survey: Harness, account: UUID, elsewhere: Receiver) -> None:
        await switch_on(survey, account, elsewhere)
        await say(survey, new_id(), "It came in bits.")
        await ASKING.run_due(survey.runtime)
        assert elsewhere.received == []
        async with survey.work(new_id()) as work:
            assert await work.session.get(ExternalModel, account) is None


def test_only_what_exists_is_read_from_an_answer() -> None:
    body = saying(sentiment="positive", score=1, evidence=["great", "made up"], topics=["staff", "rm -rf"], more=1)
    said = speaking.answer(body.partition(b"\r\n\r\n")[2], "great staff", ["staff", "delivery"])
    assert (said.evidence, said.topics) == (["great"], ["staff"])
    with pytest.raises(Unreadable):
        speaking.answer(b"not json", "", [])

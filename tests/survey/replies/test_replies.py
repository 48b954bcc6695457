"""Answers to reviews: length, approval, the platform's verdict, and what happens when it is away."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import pytest

from services.survey.adapters.base import (
    AccessDenied,
    Adapter,
    Capabilities,
    Connection,
    Platform,
    PlatformBusy,
    PlatformDown,
    Posted,
    Replies,
    ReplyRefused,
)
from services.survey.feedback.models import Feedback
from services.survey.replies.posting import ATTEMPTS, REPLIES
from services.survey.sources import connections
from services.survey.sources.models import Source
from shared.contracts.base import Payload
from shared.contracts.replies import ReplyDecided
from shared.contracts.sources import SourceRecovered, SourceTroubled
from shared.ids import new_id
from shared.testing.harness import Harness

P = TypeVar("P", bound=Payload)


class Village(Replies):
    """A platform that takes answers of thirty characters, one each, and behaves as it is told."""

    name = "village"
    title = "The village square"
    capabilities: ClassVar[Capabilities] = Capabilities(reply=True, reply_limit=30)

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []
        self.raises: Exception | None = None

    async def reply(self, external_id: str, text: str, connection: Connection, platform: Platform) -> Posted:
        if self.raises is not None:
            raise self.raises
        self.taken.append((external_id, text))
        return Posted(reference="r-1")


@dataclass
class Place:
    survey: Harness
    account: UUID
    village: Village
    source_id: UUID = field(default_factory=new_id)

    async def review(self, normalised: int | None = 100, *, adapter: str = "village", **values: Any) -> UUID:
        """One that came from a connected source."""
        async with self.survey.work(self.account) as work:
            moments = {"occurred_at": work.now, "received_at": work.now, "updated_at": work.now}
            if await work.session.get(Source, self.source_id) is None:
                source = Source(
                    id=self.source_id,
                    account_id=self.account,
                    version=1,
                    adapter=adapter,
                    builtin=False,
                    name="Square",
                    state="active",
                    settings={},
                    created_at=work.now,
                    updated_at=work.now,
                )
                work.session.add(source)
            feedback = Feedback(
                **{
                    "id": new_id(),
                    "account_id": self.account,
                    "version": 1,
                    "kind": "review",
                    "channel": "review",
                    "source": adapter,
                    "source_id": self.source_id,
                    "external_id": str(new_id()),
                    "author_name": "Ana Lima",
                    "normalised": normalised,
                    "reversed": False,
                    "topics": [],
                    "dimensions": {},
                    "ratings": [],
                    "completed": True,
                    "told": True,
                    **moments,
                    **values,
                }
            )
            work.session.add(feedback)
        return feedback.id

    async def write(
        self, feedback_id: UUID, status: int = 201, scopes: Sequence[str] = (), **body: Any
    ) -> dict[str, Any]:
        client = self.survey.client(*scopes, account=self.account)
        answer = await client.post(f"/v1/feedback/{feedback_id}/reply", json=body)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def state(self, reply: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = (
            await self.survey.client(account=self.account).get(f"/v1/replies/{reply['id']}")
        ).json()
        return found

    async def do(
        self, reply: dict[str, Any], what: str, status: int = 200, body: Any = None, scopes: Sequence[str] = ()
    ) -> Any:
        client = self.survey.client(*scopes, account=self.account)
        answer = await client.post(f"/v1/replies/{reply['id']}/{what}", json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def told(self, payload: type[P]) -> list[P]:
        return [
            event.data for event in await self.survey.emitted(self.account, payload) if isinstance(event.data, payload)
        ]

    async def post(self) -> None:
        await REPLIES.run_due(self.survey.runtime)


AGENT = ("feedback:read", "feedback:write")


@pytest.fixture
def place(survey: Harness, account: UUID, monkeypatch: pytest.MonkeyPatch) -> Place:
    village = Village()
    known: Callable[[], dict[str, Adapter]] = lambda: {"village": village}  # noqa: E731
    monkeypatch.setattr(connections, "adapters", known)
    return Place(survey, account, village)


class TestWriting:
    async def test_goes_to_the_platform_and_is_told(self, place: Place) -> None:
        reply = await place.write(await place.review(), text="Thank you!")
        assert reply["state"] == "queued"
        await place.post()
        assert (await place.state(reply))["state"] == "posted"
        assert [text for _, text in place.village.taken] == ["Thank you!"]
        assert [told.state for told in await place.told(ReplyDecided)] == ["queued", "posted"]

    async def test_what_is_too_long_is_refused_with_the_numbers(self, place: Place) -> None:
        problem = await place.write(await place.review(), 422, text="x" * 31)
        assert problem["errors"][0]["pointer"] == "/text"
        assert "takes 30 characters, this has 31" in problem["errors"][0]["detail"]

    async def test_a_platform_that_takes_one_answer_gets_one(self, place: Place) -> None:
        feedback_id = await place.review()
        await place.write(feedback_id, text="Thank you!")
        assert (await place.write(feedback_id, 409, text="Again!"))["code"] == "already_answered"
        await place.post()
        assert (await place.write(feedback_id, 409, text="Again!"))["code"] == "already_answered"

    async def test_what_cannot_be_answered_there_says_so(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        gone = await place.review(removed_at=place.survey.clock.now())
        assert (await place.write(gone, 422, text="Hello"))["code"] == "not_answerable"
        here = await place.review(source_id=None)
        assert (await place.write(here, 422, text="Hello"))["code"] == "not_answerable"


class TestApproval:
    @pytest.mark.parametrize("normalised", [0, 50, None])
    async def test_low_ratings_and_none_wait_for_it(self, place: Place, normalised: int | None) -> None:
        reply = await place.write(await place.review(normalised), scopes=AGENT, text="Sorry!")
        assert reply["state"] == "waiting"
        await place.post()
        assert place.village.taken == []
        await place.do(reply, "approve", 403, scopes=AGENT)
        assert (await place.do(reply, "approve"))["state"] == "queued"
        await place.post()
        assert (await place.state(reply))["state"] == "posted"

    async def test_high_ones_and_those_who_approve_need_none(self, place: Place) -> None:
        assert (await place.write(await place.review(75), scopes=AGENT, text="Hi"))["state"] == "queued"
        assert (await place.write(await place.review(0), text="Sorry!"))["state"] == "queued"

    async def test_the_limit_is_the_accounts(self, place: Place) -> None:
        client = place.survey.client(account=place.account)
        assert (await client.get("/v1/reply-policy")).json() == {"approve_up_to": 50}
        assert (await client.put("/v1/reply-policy", json={"approve_up_to": None})).status_code == 200
        assert (await place.write(await place.review(0), scopes=AGENT, text="Sorry!"))["state"] == "queued"

    async def test_a_rejected_one_stays_here_and_another_can_be_written(self, place: Place) -> None:
        feedback_id = await place.review(0)
        reply = await place.write(feedback_id, scopes=AGENT, text="Your fault!")
        rejected = await place.do(reply, "reject", body={"reason": "Not like that"})
        assert (rejected["state"], rejected["reason"]) == ("rejected", "Not like that")
        await place.do(reply, "approve", 409)
        await place.write(feedback_id, scopes=AGENT, text="Sorry!")
        assert (await place.do(reply, "submit", 409, scopes=AGENT))["code"] == "already_answered"

    async def test_what_was_approved_is_what_goes_out(self, place: Place) -> None:
        reply = await place.write(await place.review(0), scopes=AGENT, text="Sorry!")
        client = place.survey.client(*AGENT, account=place.account)
        changed = await client.patch(f"/v1/replies/{reply['id']}", json={"text": "Other"})
        assert changed.json()["state"] == "draft"
        await place.do(reply, "approve", 409)
        assert (await place.do(reply, "submit", scopes=AGENT))["state"] == "waiting"


class TestPlatforms:
    async def test_a_refusal_is_final_and_says_why(self, place: Place) -> None:
        place.village.raises = ReplyRefused("it names a competitor")
        reply = await place.write(await place.review(), text="Thank you!")
        await place.post()
        found = await place.state(reply)
        assert (found["state"], found["reason"]) == ("refused", "it names a competitor")
        place.village.raises = None
        assert (await place.do(reply, "submit"))["state"] == "queued"
        await place.post()
        assert (await place.state(reply))["state"] == "posted"

    async def test_one_that_asks_to_wait_is_left_alone_until_then(self, place: Place) -> None:
        now = place.survey.clock.now()
        place.village.raises = PlatformBusy(now + timedelta(hours=2))
        first = await place.write(await place.review(), text="One")
        await place.post()
        place.village.raises = None
        second = await place.write(await place.review(), text="Two")
        await place.post()
        assert place.village.taken == []
        place.survey.clock.advance(timedelta(hours=2))
        await place.post()
        assert [(await place.state(reply))["state"] for reply in (first, second)] == ["posted", "posted"]

    async def test_one_that_is_down_is_tried_for_days_told_once_and_then_given_up(self, place: Place) -> None:
        place.village.raises = PlatformDown("answered 500")
        reply = await place.write(await place.review(), text="Thank you!")
        for _ in range(ATTEMPTS):
            assert (await place.state(reply))["state"] == "queued"
            await place.post()
            place.survey.clock.advance(timedelta(hours=6))
        found = await place.state(reply)
        assert (found["state"], found["reason"]) == ("failed", "answered 500")
        [troubled] = await place.told(SourceTroubled)
        assert (troubled.trouble, troubled.detail) == ("failing", "answered 500")
        place.village.raises = None
        await place.write(await place.review(), text="Hello")
        await place.post()
        assert len(await place.told(SourceRecovered)) == 1

    async def test_credentials_that_are_refused_are_told_at_once(self, place: Place) -> None:
        place.village.raises = AccessDenied("the token has expired")
        reply = await place.write(await place.review(), text="Thank you!")
        await place.post()
        [troubled] = await place.told(SourceTroubled)
        assert troubled.trouble == "denied"
        found = await place.state(reply)
        assert (found["state"], found["reason"]) == ("failed", "the token has expired")

    async def test_with_fresh_credentials_it_can_be_submitted_once_more(self, place: Place) -> None:
        place.village.raises = AccessDenied("the token has expired")
        reply = await place.write(await place.review(), text="Thank you!")
        await place.post()
        place.village.raises = None
        client = place.survey.client(account=place.account)
        fresh = await client.post(f"/v1/sources/{place.source_id}/secrets", json={"secrets": {}})
        assert fresh.status_code == 200, fresh.text
        await place.do(reply, "submit")
        await place.post()
        assert (await place.state(reply))["state"] == "posted"

    async def test_what_was_withdrawn_does_not_go_out(self, place: Place) -> None:
        reply = await place.write(await place.review(), text="Thank you!")
        assert (await place.do(reply, "withdraw"))["state"] == "withdrawn"
        await place.post()
        assert place.village.taken == []
        await place.do(reply, "withdraw", 409)


class TestTemplates:
    async def test_are_filled_in_and_suggested_by_rating_and_language(self, place: Place) -> None:
        client = place.survey.client(account=place.account)
        for name, locale, text, lowest in (
            ("high", "en", "Thanks, {{name|friend}}!", 75),
            ("hoch", "de", "Danke, {{name}}!", 75),
            ("any", "en", "We are {{product|here}} for you.", 0),
        ):
            body = {"name": name, "locale": locale, "text": text, "lowest": lowest}
            assert (await client.post("/v1/reply-templates", json=body)).status_code == 201
        feedback_id = await place.review(100, language="de")
        found = (await client.get(f"/v1/feedback/{feedback_id}/reply-suggestions")).json()["data"]
        assert [(one["name"], one["text"]) for one in found] == [
            ("hoch", "Danke, Ana!"),
            ("high", "Thanks, Ana!"),
            ("any", "We are here for you."),
        ]
        reply = await place.write(feedback_id, template_id=found[1]["template_id"])
        assert reply["text"] == "Thanks, Ana!"
        low = (await client.get(f"/v1/feedback/{await place.review(0)}/reply-suggestions")).json()["data"]
        assert [one["name"] for one in low] == ["any"]

    async def test_name_every_unknown_variable(self, place: Place) -> None:
        body = {"name": "x", "locale": "en", "text": "{{nmae}} {{name}} {{stars}}"}
        problem = (await place.survey.client(account=place.account).post("/v1/reply-templates", json=body)).json()
        assert [error["detail"] for error in problem["errors"]] == ["There is no {{nmae}}.", "There is no {{stars}}."]

"""Shares of invitations, attempts and conversations.

Seen to fail: an answer after 14 days counted, a failed message counted, conversations of the last three days counted.
"""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.base import Payload
from shared.contracts.conversations import ConversationEnded, ConversationHandedOff, ConversationStarted
from shared.contracts.notifier import MessageFailed
from shared.contracts.survey import Answer, AttemptObserved, InvitationCreated, InvitationEnded, ResponseReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.metrics.builders import record_of
from tests.metrics.comparisons.test_comparisons import ask
from tests.metrics.scores.test_metrics import rows

DAY = timedelta(days=1)


class Told:
    """Events of one account, each at the harness's present moment; `send` delivers them, shuffled and twice."""

    def __init__(self, metrics: Harness, account: UUID) -> None:
        self.metrics, self.account = metrics, account
        self.raw: list[bytes] = []
        self.versions: dict[UUID, int] = {}

    def add(self, payload: Payload, subject: UUID) -> None:
        version = self.versions[subject] = self.versions.get(subject, 0) + 1
        self.raw.append(self.metrics.event(payload, account=self.account, subject=subject, version=version))

    async def send(self) -> None:
        raw = [*self.raw, *self.raw]
        random.Random(4).shuffle(raw)
        for each in raw:
            await self.metrics.deliver_raw([each])

    def invite(self, customer_id: UUID | None = None, **fields: Any) -> UUID:
        invitation_id = new_id()
        values: dict[str, Any] = {
            "invitation_id": invitation_id,
            "survey_id": new_id(),
            "survey_name": "After delivery",
            "kind": "nps",
            "customer_id": customer_id or new_id(),
            "ticket_id": None,
            "channel": "email",
            "locale": "en",
            "question": "How likely?",
            "low_label": "not at all",
            "high_label": "very",
            "url": "http://localhost/s/x",
            "scores": (),
            "expires_at": self.metrics.clock.now() + 30 * DAY,
        }
        self.add(InvitationCreated(**values | fields), invitation_id)
        return invitation_id

    def answer(self, invitation_id: UUID, *, answers: tuple[Answer, ...] = (Answer(question="nps", value=9),)) -> None:
        now, response_id = self.metrics.clock.now(), new_id()
        values: dict[str, Any] = dict.fromkeys(("customer", "ticket_id", "touchpoint"))
        response = ResponseReceived(
            response_id=response_id,
            survey_id=new_id(),
            survey_version=1,
            submission_id=str(response_id),
            invitation_id=invitation_id,
            answers=answers,
            completed=False,
            channel="email",
            dimensions={},
            occurred_at=now,
            received_at=now,
            **values,
        )
        self.add(response, response_id)

    def attempt(self, *states: str, last: str | None = None, survey_id: UUID | None = None) -> None:
        attempt_id = new_id()
        for state in states:
            values: dict[str, Any] = dict.fromkeys(("touchpoint", "language", "customer_id", "invitation_id"))
            observed = AttemptObserved.model_validate(
                {
                    "attempt_id": attempt_id,
                    "survey_id": survey_id or new_id(),
                    "survey_version": 1,
                    "state": state,
                    "channel": "web",
                    "dimensions": {},
                    "last_question": None if state == "displayed" else last,
                    "observed_at": self.metrics.clock.now(),
                    **values,
                }
            )
            self.add(observed, attempt_id)

    def talk(self, *, reason: str | None = None, ended: bool = True, **fields: Any) -> UUID:
        talk_id, now, customer_id = new_id(), self.metrics.clock.now(), fields.pop("customer_id", None)
        names: dict[str, Any] = {"conversation_id": talk_id, "customer_id": customer_id}
        self.add(ConversationStarted(channel="chat", locale="en", started_at=now, **names), talk_id)
        ticket_id = new_id() if reason else None
        if reason:
            handed: dict[str, Any] = {"reason": reason, "ticket_id": ticket_id, "assignee_id": None}
            counts: dict[str, Any] = {"bot_replies": 1, "bot_seconds": 9, "handed_off_at": now, "due_at": now}
            self.add(ConversationHandedOff(**names, **handed, **counts), talk_id)
        if ended:
            values: dict[str, Any] = {
                "ticket_id": ticket_id,
                "resolved": True,
                "handoff_reason": reason,
                "customer_messages": 1,
                "bot_replies": 1,
                "human_replies": 0,
                "bot_seconds": 9,
                "human_seconds": 0,
                "reopened": 0,
                "rating": None,
                "ended_at": now,
            }
            self.add(ConversationEnded(**names, **values | fields), talk_id)
        return talk_id


@pytest.fixture
def told(metrics: Harness, account: UUID) -> Told:
    return Told(metrics, account)


class TestTheResponseRate:
    async def test_is_of_those_who_were_reached_and_had_their_time(
        self, metrics: Harness, account: UUID, told: Told
    ) -> None:
        told.answer(told.invite())
        told.invite()
        late = told.invite(medium="sms", channel="link")
        failed = MessageFailed(
            message_id=new_id(),
            customer_id=None,
            ticket_id=None,
            channel="email",
            template="invitation",
            state="failed",
            reason="no such mailbox",
            invitation_id=told.invite(),
        )
        told.add(failed, failed.message_id)
        over = told.invite()
        ended = InvitationEnded(
            invitation_id=over,
            survey_id=new_id(),
            customer_id=new_id(),
            ticket_id=None,
            reason="revoked",
            ended_at=metrics.clock.now(),
        )
        told.add(ended, over)
        told.answer(told.invite(), answers=())
        metrics.clock.advance(15 * DAY)
        told.answer(late)
        told.answer(told.invite())
        await told.send()
        client = metrics.client(account=account)
        answer = await ask(client, "response_rate", by="channel")
        assert (answer["value"], answer["n"]) == (20.0, 5)
        assert (answer["excluded"]["pending"], answer["excluded"]["undelivered"]) == (1, 1)
        assert {point["group"]: (point["value"], point["n"]) for point in answer["series"]} == {
            "email": (25.0, 4),
            "sms": (0.0, 1),
        }
        assert len(await rows(client, "response_rate")) == 5
        [behind] = await rows(client, "response_rate", excluded="undelivered")
        assert (behind["row_id"], behind["outcome"]) == (str(failed.invitation_id), "undelivered")

    async def test_does_not_count_those_who_do_not_want_it(self, metrics: Harness, account: UUID, told: Told) -> None:
        ana = new_id()
        told.answer(told.invite(ana))
        await metrics.deliver(record_of(ana, restricted=True), account=account, subject=ana)
        metrics.clock.advance(15 * DAY)
        await told.send()
        answer = await ask(metrics.client(account=account), "response_rate")
        assert (answer["value"], answer["excluded"]["restricted"]) == (None, 1)


class TestAttempts:
    async def test_are_seen_begun_finished_or_left_at_a_question(
        self, metrics: Harness, account: UUID, told: Told
    ) -> None:
        survey_id = new_id()
        told.attempt("displayed", survey_id=survey_id)
        told.attempt("displayed", "dismissed", survey_id=survey_id)
        told.attempt("displayed", "started", last="why", survey_id=survey_id)
        told.attempt("displayed", "started", "dismissed", last="nps", survey_id=survey_id)
        told.attempt("displayed", "started", "completed", last="why", survey_id=survey_id)
        metrics.clock.advance(2 * DAY)
        told.attempt("displayed", "started", last="nps")
        await told.send()
        client = metrics.client(account=account)
        asked = {"filter[survey]": str(survey_id)}
        found = {
            name: (answer["value"], answer["n"])
            for name in ("display_rate", "completion_rate", "drop_off_rate")
            for answer in [await ask(client, name, **asked)]
        }
        assert found == {"display_rate": (60.0, 5), "completion_rate": (33.33, 3), "drop_off_rate": (66.67, 3)}
        left = await ask(client, "drop_off_rate", by="last_question")
        assert {point["group"]: point["bands"]["positive"] for point in left["series"]} == {"nps": 1, "why": 1}
        assert left["excluded"]["pending"] == 1


class TestTheAssistant:
    async def test_contains_what_it_resolves_alone_for_good(self, metrics: Harness, account: UUID, told: Told) -> None:
        told.talk()
        told.talk(reason="customer_asked")
        told.talk(reason="policy", ended=False)
        told.talk(resolved=False)
        told.talk(human_replies=1)
        told.talk(reopened=1)
        told.talk(ended=False)
        metrics.clock.advance(4 * DAY)
        told.talk()
        told.talk(reason="policy")
        await told.send()
        client = metrics.client(account=account)
        contained = await ask(client, "bot_containment")
        assert (contained["value"], contained["n"], contained["excluded"]["pending"]) == (16.67, 6, 3)
        handed = await ask(client, "handoff_rate", by="handoff_reason")
        assert (handed["value"], handed["n"], handed["excluded"]["pending"]) == (37.5, 8, 1)
        by_reason = {point["group"]: point["bands"]["positive"] for point in handed["series"]}
        assert by_reason == {"customer_asked": 1, "policy": 2, None: 0}

    async def test_of_other_accounts_is_not_seen(self, metrics: Harness, account: UUID, told: Told) -> None:
        told.talk()
        metrics.clock.advance(4 * DAY)
        await told.send()
        client = metrics.client(account=new_id())
        assert (await ask(client, "bot_containment"))["n"] == 0
        assert await rows(client, "bot_containment") == []

    async def test_is_told_apart_by_what_it_knows(self, metrics: Harness, account: UUID) -> None:
        response = await metrics.client(account=account).get("/v1/metrics/bot_containment?by=team")
        assert response.json()["errors"][0]["code"] == "unknown_dimension"

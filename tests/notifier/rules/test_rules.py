"""`/v1/rules`: written, changed, paused, simulated."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from shared.contracts.feedback import FeedbackReceived
from shared.contracts.notifier import RuleChanged, RulesPaused, TicketRequested
from shared.contracts.tickets import TicketOpened, TicketResolved
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import an_account, feedback

OPEN_TICKET = {"type": "open_ticket", "subject": "Look at this"}


def a_rule(**changes: Any) -> dict[str, Any]:
    fields = {"name": "Mine", "event_type": FeedbackReceived.TYPE, "condition": "", "actions": [OPEN_TICKET]}
    return fields | changes


async def created(notifier: Harness, account: UUID, **changes: Any) -> dict[str, Any]:
    answer = await notifier.client(account=account).post("/v1/rules", json=a_rule(**changes))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("GET", "/v1/rules"),
            ("POST", "/v1/rules"),
            ("GET", "/v1/rules/pause"),
            ("POST", "/v1/rules/pause-all"),
            ("POST", "/v1/rules/resume-all"),
            ("GET", f"/v1/rules/{new_id()}"),
            ("PATCH", f"/v1/rules/{new_id()}"),
            ("DELETE", f"/v1/rules/{new_id()}"),
            ("POST", f"/v1/rules/{new_id()}/simulate"),
            ("GET", "/v1/rule-runs"),
        ],
    )
    async def test_nobody_anonymous(self, notifier: Harness, method: str, path: str) -> None:
        assert (await notifier.anonymous().request(method, path)).status_code == 401

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [("GET", "", None), ("PATCH", "", {"enabled": False}), ("DELETE", "", None), ("POST", "/simulate", {})],
    )
    async def test_no_other_account(self, notifier: Harness, account: UUID, method: str, path: str, body: Any) -> None:
        rule = await created(notifier, account)
        other = notifier.client(account=new_id())
        assert (await other.request(method, f"/v1/rules/{rule['id']}{path}", json=body)).status_code == 404
        assert (await other.get("/v1/rules")).json()["data"] == []
        assert (await other.get("/v1/rule-runs")).json()["data"] == []


class TestTheRulesOfANewAccount:
    async def test_are_five_and_come_once(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        await an_account(notifier, account)
        rules = (await notifier.client(account=account).get("/v1/rules")).json()["data"]
        assert {rule["builtin"] for rule in rules} == {
            *("unhappy_answer", "soured_review", "acknowledge", "reply", "resolved"),
        }
        assert len(rules) == 5

    async def test_stay_edited(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        client = notifier.client(account=account)
        first, *_ = (await client.get("/v1/rules")).json()["data"]
        await client.patch(f"/v1/rules/{first['id']}", json={"name": "Renamed"})
        await an_account(notifier, account)
        rules = (await client.get("/v1/rules")).json()["data"]
        assert len(rules) == 5
        assert "Renamed" in {rule["name"] for rule in rules}

    async def test_can_be_switched_off_but_not_deleted(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        client = notifier.client(account=account)
        first, *_ = (await client.get("/v1/rules")).json()["data"]
        refused = await client.delete(f"/v1/rules/{first['id']}")
        assert (refused.status_code, refused.json()["code"]) == (409, "built_in_rule")
        assert '{"enabled": false}' in refused.json()["detail"]
        switched = await client.patch(f"/v1/rules/{first['id']}", json={"enabled": False})
        assert (switched.status_code, switched.json()["enabled"]) == (200, False)


class TestWriting:
    async def test_a_new_rule_acts_on_the_next_event(self, notifier: Harness, account: UUID) -> None:
        await created(notifier, account, condition="data.rating.value == 10")
        await notifier.deliver(feedback(notifier.clock.now(), score=10), account=account)
        [request] = await notifier.emitted(account, TicketRequested)
        assert request.data.subject == "Look at this"  # type: ignore[attr-defined]

    @pytest.mark.parametrize(
        ("changes", "pointer", "word"),
        [
            ({"condition": "data.raiting.value < 3"}, "/condition", "data.raiting"),
            ({"event_type": "heed.nothing.happened.v1"}, "/event_type", "There is no event `heed.nothing.happened.v1`"),
            (
                {"event_type": "heed.notifier.message.sent.v1"},
                "/event_type",
                "begin with `heed.notifier.message.sent.v1`",
            ),
            ({"event_type": "heed.notifier.rule.ran.v1"}, "/event_type", "can begin with"),
            ({"actions": []}, "/actions", "at least 1"),
            ({"actions": [{"type": "launch"}]}, "/actions/0", "open_ticket"),
            ({"actions": [OPEN_TICKET | {"subject": "{{ raiting }}"}]}, "/actions/0/subject", "raiting"),
            ({"actions": [OPEN_TICKET | {"subject": "{{ x.__class__ }}"}]}, "/actions/0/subject", "x.__class__"),
            ({"actions": [OPEN_TICKET | {"subject": "{{ range(9) }}"}]}, "/actions/0/subject", "call"),
            ({"actions": [{"type": "send_message", "template": "reply"}]}, "/actions/0/template", "reply"),
            ({"actions": [OPEN_TICKET | {"delay_seconds": -1}]}, "/actions/0/delay_seconds", "0"),
            (
                {"actions": [OPEN_TICKET | {"unless": [FeedbackReceived.TYPE, "heed.no.such.v1"]}]},
                "/actions/0/unless/1",
                "heed.no.such.v1",
            ),
            ({"name": " "}, "/name", "empty"),
            ({"colour": "red"}, "/colour", "not a field"),
        ],
    )
    async def test_what_is_wrong_is_named(
        self, notifier: Harness, account: UUID, changes: dict[str, Any], pointer: str, word: str
    ) -> None:
        answer = await notifier.client(account=account).post("/v1/rules", json=a_rule(**changes))
        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert error["pointer"] == pointer
        assert word in error["detail"]

    async def test_a_rule_about_heeds_own_messages_cannot_send_one(self, notifier: Harness, account: UUID) -> None:
        failed = "heed.notifier.message.failed.v1"
        await created(notifier, account, event_type=failed)
        survey = {"type": "send_survey", "kind": "csat"}
        answer = await notifier.client(account=account).post(
            "/v1/rules", json=a_rule(event_type=failed, actions=[survey])
        )
        assert answer.status_code == 422
        assert "only open a ticket" in answer.json()["detail"]

    async def test_a_change_is_checked_as_a_whole(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account, condition="data.rating != null")
        answer = await notifier.client(account=account).patch(
            f"/v1/rules/{rule['id']}", json={"event_type": TicketOpened.TYPE}
        )
        assert answer.status_code == 422
        assert "data.rating" in answer.json()["detail"]

    async def test_a_change_with_an_old_etag_is_refused(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account)
        client, path = notifier.client(account=account), f"/v1/rules/{rule['id']}"
        first = await client.patch(path, json={"name": "A"}, headers={"If-Match": '"1"'})
        second = await client.patch(path, json={"name": "B"}, headers={"If-Match": '"1"'})
        assert (first.status_code, first.headers["etag"], second.status_code) == (200, '"2"', 412)

    async def test_null_is_not_a_change(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account)
        answer = await notifier.client(account=account).patch(f"/v1/rules/{rule['id']}", json={"name": None})
        assert answer.status_code == 422

    async def test_a_rule_that_is_switched_off_does_nothing(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account)
        await notifier.client(account=account).patch(f"/v1/rules/{rule['id']}", json={"enabled": False})
        await notifier.deliver(feedback(notifier.clock.now()), account=account)
        assert await notifier.emitted(account, TicketRequested) == []


class TestWhoChangedWhat:
    async def test_is_told_by_events_with_the_person_as_actor(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        rule = await created(notifier, account)
        client, path = notifier.client(account=account), f"/v1/rules/{rule['id']}"
        await client.patch(path, json={"enabled": False, "name": "Other"})
        await client.delete(path)
        for pause in ("pause-all", "pause-all", "resume-all"):
            await client.post(f"/v1/rules/{pause}")
        told = await notifier.emitted(account, RuleChanged, RulesPaused)
        assert [(event.data.change, event.data.fields) for event in told[:3]] == [  # type: ignore[attr-defined]
            ("created", ()),
            ("updated", ("enabled", "name")),
            ("deleted", ()),
        ]
        assert [event.aggregate_version for event in told[:3]] == [1, 2, 3]
        assert [event.data.paused for event in told[3:]] == [True, False]  # type: ignore[attr-defined]
        assert {event.actor.kind for event in told} == {"human"}


class TestPausing:
    async def test_stops_every_rule_until_they_are_resumed(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        client = notifier.client(account=account)
        assert (await client.post("/v1/rules/pause-all")).json() == {"paused": True}
        assert (await client.get("/v1/rules/pause")).json() == {"paused": True}
        await notifier.deliver(feedback(notifier.clock.now()), account=account)
        assert await notifier.emitted(account, TicketRequested) == []
        [run] = (await client.get("/v1/rule-runs")).json()["data"]
        assert run["outcome"] == "paused"

        await client.post("/v1/rules/resume-all")
        await notifier.deliver(feedback(notifier.clock.now()), account=account)
        assert len(await notifier.emitted(account, TicketRequested)) == 1

    async def test_an_account_that_is_not_set_up_yet_says_so(self, notifier: Harness, account: UUID) -> None:
        answer = await notifier.client(account=account).post("/v1/rules/pause-all")
        assert (answer.status_code, answer.json()["code"]) == (409, "account_not_ready")


class TestSimulating:
    async def test_judges_past_events_and_does_nothing(self, notifier: Harness, account: UUID) -> None:
        for score in (2, 9, 3):
            await notifier.deliver(feedback(notifier.clock.now(), score=score), account=account)
        rule = await created(notifier, account, condition="data.rating.value < 5")
        notifier.clock.advance(timedelta(days=30))
        path = f"/v1/rules/{rule['id']}/simulate"
        answer = (await notifier.client("rules:read", account=account).post(path)).json()
        assert (answer["examined"], answer["would_run"]) == (3, 2)
        assert [run["outcome"] for run in answer["runs"]] == ["ran", "not_matched", "ran"]
        assert answer["runs"][0]["actions"] == ["open_ticket"]
        assert {event.type for event in await notifier.emitted(account)} == {RuleChanged.TYPE}
        assert (await notifier.client(account=account).get("/v1/rule-runs")).json()["data"] == []

    async def test_tries_a_condition_before_it_is_saved(self, notifier: Harness, account: UUID) -> None:
        await notifier.deliver(feedback(notifier.clock.now(), score=9), account=account)
        rule = await created(notifier, account, condition="data.rating.value < 5")
        client, path = notifier.client(account=account), f"/v1/rules/{rule['id']}/simulate"
        assert (await client.post(path, json={"condition": "data.rating.value > 5"})).json()["would_run"] == 1
        assert (await client.post(path, json={"condition": "data.nothing"})).status_code == 422

    async def test_of_a_type_that_never_happened_is_empty(self, notifier: Harness, account: UUID) -> None:
        rule = await created(notifier, account, event_type=TicketResolved.TYPE)
        answer = (await notifier.client(account=account).post(f"/v1/rules/{rule['id']}/simulate")).json()
        assert answer == {"examined": 0, "would_run": 0, "runs": []}

"""The closed loop as the notifier sees it, with the rules that every account starts with."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.notifier.app import SERVICE
from shared.contracts.notifier import MessageSent, RuleRan, SurveyRequested, TicketRequested
from shared.contracts.survey import InvitationEnded
from shared.contracts.tickets import AttachedFile, Satisfaction
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import (
    a_customer,
    an_account,
    feedback,
    invitation,
    messages_of,
    send_messages,
    ticket_opened,
    ticket_reopened,
    ticket_replied,
    ticket_resolved,
)


class TestTheDefaultRules:
    async def test_an_invitation_is_mailed_with_a_link_for_each_score(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(invitation(ana, notifier.clock.now()), account=account)
        await send_messages(notifier)

        [message] = await messages_of(notifier, account)
        assert message["state"] == "sent"
        assert message["to"] == "ana@example.com"
        assert message["template"] == "invitation"
        assert "http://heed.test/s/token?score=0" in message["text"]
        assert "http://heed.test/s/token?score=10" in message["text"]
        [sent] = await notifier.emitted(account, MessageSent)
        assert sent.data.customer_id == ana  # type: ignore[attr-defined]

    async def test_an_invitation_that_is_announced_twice_is_mailed_once(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        asked = invitation(ana, notifier.clock.now())
        await notifier.deliver(asked, account=account)
        await notifier.deliver(asked, account=account)
        assert len(await messages_of(notifier, account)) == 1

    async def test_an_invitation_by_link_is_not_mailed(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(invitation(ana, notifier.clock.now(), channel="link"), account=account)
        assert await messages_of(notifier, account) == []

    async def test_many_invitations_are_queued_at_once_and_each_once(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        people = [await a_customer(notifier, account) for _ in range(5)]
        asked = [notifier.event(invitation(one, notifier.clock.now()), account=account) for one in people]
        await notifier.deliver_raw([*asked, *asked[:2]])
        assert {message["customer_id"] for message in await messages_of(notifier, account)} == {
            str(one) for one in people
        }
        assert len(await messages_of(notifier, account)) == 5

    async def test_what_waits_about_an_invitation_that_is_over_is_not_said(
        self, notifier: Harness, account: UUID
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        asked = invitation(ana, notifier.clock.now())
        await notifier.deliver(asked, account=account)
        over = InvitationEnded(
            invitation_id=asked.invitation_id,
            survey_id=asked.survey_id,
            customer_id=ana,
            ticket_id=None,
            reason="revoked",
            ended_at=notifier.clock.now(),
        )
        await notifier.deliver(over, account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["state"], message["reason"]) == ("suppressed", "the invitation is over")

    async def test_words_of_an_experiment_take_the_place_of_ours(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        asked = invitation(ana, notifier.clock.now(), subject="A word?", text="It would help us.", variant="warm")
        await notifier.deliver(asked, account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["subject"] == "A word?"
        assert "It would help us." in message["text"]

    async def test_an_unhappy_answer_asks_for_a_ticket(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        said = feedback(notifier.clock.now(), score=2)
        await notifier.deliver(said, account=account)

        [request] = await notifier.emitted(account, TicketRequested)
        assert request.data.feedback_id == said.feedback_id  # type: ignore[attr-defined]
        assert request.data.subject == "After delivery: 2 of 10"  # type: ignore[attr-defined]
        assert request.data.description == "It came late."  # type: ignore[attr-defined]
        assert request.actor.kind == "rule"
        [ran] = await notifier.emitted(account, RuleRan)
        assert ran.data.actions[0].outcome == "done"  # type: ignore[attr-defined]

    async def test_a_happy_answer_does_not(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        await notifier.deliver(feedback(notifier.clock.now(), score=9), account=account)
        assert await notifier.emitted(account, TicketRequested) == []

    async def test_the_ticket_is_acknowledged_with_the_time_of_an_answer(
        self, notifier: Harness, account: UUID
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        due_at = notifier.clock.now() + timedelta(hours=4)
        await notifier.deliver(ticket_opened(ana, notifier.clock.now(), first_response_due_at=due_at), account=account)
        await send_messages(notifier)

        [message] = await messages_of(notifier, account, template="acknowledgement")
        assert message["subject"] == "Thank you for your feedback [#7]"
        assert "has reached Lindenhof" in message["text"]
        assert "You will hear from us by Monday, 2 March, 14:00 CET." in message["text"]

    async def test_a_german_customer_reads_german(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, locale="de-AT")
        await notifier.deliver(ticket_opened(ana, notifier.clock.now()), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert "Sie hören von uns bis Montag, 2. März, 10:00 Uhr (CET)." in message["text"]

    async def test_a_customer_whose_time_zone_nobody_knows_reads_the_businesss(
        self, notifier: Harness, account: UUID
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account, timezone="Mars/Olympus_Mons")
        await notifier.deliver(ticket_opened(ana, notifier.clock.now()), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert message["state"] == "sent"
        assert "10:00 CET" in message["text"]

    async def test_a_reply_is_mailed(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        await notifier.deliver(ticket_replied(ana), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account, template="reply")
        assert "we are sorry." in message["text"]

    async def test_a_reply_has_links_to_its_files(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        label = AttachedFile(name="<label>.pdf", size=9, url="https://x.example/files/1")
        await notifier.deliver(ticket_replied(ana, attachments=(label,)), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account, template="reply")
        assert "<label>.pdf (9 bytes)\nhttps://x.example/files/1" in message["text"]

    async def test_a_resolution_is_mailed_and_an_hour_later_the_customer_is_asked(
        self, notifier: Harness, account: UUID
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        resolved = ticket_resolved(ana, notifier.clock.now())
        await notifier.deliver(resolved, account=account, subject=resolved.ticket_id)
        await send_messages(notifier)
        assert len(await messages_of(notifier, account, template="resolved")) == 1

        notifier.clock.advance(timedelta(minutes=59))
        await notifier.run_timers()
        assert await notifier.emitted(account, SurveyRequested) == []
        notifier.clock.advance(timedelta(minutes=1))
        await notifier.run_timers()
        [request] = await notifier.emitted(account, SurveyRequested)
        assert request.data.customer_id == ana  # type: ignore[attr-defined]
        assert request.data.ticket_id == resolved.ticket_id  # type: ignore[attr-defined]
        assert request.data.kind == "csat"  # type: ignore[attr-defined]

    @pytest.mark.parametrize("in_rule", [None, 300])
    async def test_the_wait_is_the_installations_as_it_is_now_unless_the_rule_has_its_own(
        self, harness: Any, account: UUID, in_rule: int | None
    ) -> None:
        await an_account(await harness(SERVICE), account)
        restarted: Harness = await harness(SERVICE, resolution_survey_delay_seconds=60)
        client = restarted.client(account=account)
        [rule] = [rule for rule in (await client.get("/v1/rules")).json()["data"] if rule["builtin"] == "resolved"]
        assert rule["actions"][1]["delay_seconds"] is None
        actions = [rule["actions"][0], rule["actions"][1] | {"delay_seconds": in_rule}]
        assert (await client.patch(f"/v1/rules/{rule['id']}", json={"actions": actions})).status_code == 200
        resolved = ticket_resolved(new_id(), restarted.clock.now())
        await restarted.deliver(resolved, account=account, subject=resolved.ticket_id)
        for wait, asked in ((59, 0), (1, in_rule is None), (239, in_rule is None), (1, 1)):
            restarted.clock.advance(timedelta(seconds=wait))
            await restarted.run_timers()
            assert len(await restarted.emitted(account, SurveyRequested)) == asked

    async def test_the_ticket_says_what_is_asked_and_when_and_who_had_it(
        self, notifier: Harness, account: UUID
    ) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        agent, team, survey = new_id(), new_id(), new_id()
        wanted = Satisfaction(ask=True, why_not=None, kind="ces", survey_id=survey, delay_seconds=60)
        had_it = {"assignee_id": agent, "team_id": team, "satisfaction": wanted}
        resolved = ticket_resolved(ana, notifier.clock.now(), **had_it)
        await notifier.deliver(resolved, account=account, subject=resolved.ticket_id)
        notifier.clock.advance(timedelta(seconds=60))
        await notifier.run_timers()
        [request] = await notifier.emitted(account, SurveyRequested)
        assert isinstance(request.data, SurveyRequested)
        assert (request.data.kind, request.data.survey_id) == ("ces", survey)
        assert request.data.dimensions == {"agent": str(agent), "team": str(team)}

    async def test_who_is_not_to_be_asked_is_not_and_the_run_says_why(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        skipped = Satisfaction(ask=False, why_not="Our own test", kind=None, survey_id=None, delay_seconds=None)
        resolved = ticket_resolved(ana, notifier.clock.now(), satisfaction=skipped)
        await notifier.deliver(resolved, account=account, subject=resolved.ticket_id)
        notifier.clock.advance(timedelta(hours=2))
        await notifier.run_timers()
        assert await notifier.emitted(account, SurveyRequested) == []
        [run] = (await notifier.client(account=account).get("/v1/rule-runs")).json()["data"]
        assert (run["steps"][1]["state"], run["steps"][1]["detail"]) == (
            "skipped",
            "they are not to be asked: Our own test",
        )
        await send_messages(notifier)
        assert len(await messages_of(notifier, account, template="resolved")) == 1

    async def test_a_ticket_reopened_in_time_is_not_asked_about(self, notifier: Harness, account: UUID) -> None:
        await an_account(notifier, account)
        ana = await a_customer(notifier, account)
        resolved = ticket_resolved(ana, notifier.clock.now())
        await notifier.deliver(resolved, account=account, subject=resolved.ticket_id)
        reopened = ticket_reopened(resolved.ticket_id, notifier.clock.now())
        await notifier.deliver(reopened, account=account, subject=resolved.ticket_id)
        notifier.clock.advance(timedelta(hours=2))
        await notifier.run_timers()
        assert await notifier.emitted(account, SurveyRequested) == []

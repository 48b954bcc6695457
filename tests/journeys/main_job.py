"""The main job of Heed, walked by a client that knows only the address and the API key.

`python -m tests.journeys.main_job URL KEY` walks it against any running Heed and says what it saw.
"""

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar
from uuid import uuid4

import httpx

T = TypeVar("T")
PATIENCE_SECONDS = 30.0
SEEN = (
    "heed.survey.survey.published.v1",
    "heed.customers.customer.created.v1",
    "heed.survey.invitation.created.v1",
    "heed.survey.response.received.v1",
    "heed.survey.feedback.received.v1",
    "heed.tickets.ticket.opened.v1",
    "heed.tickets.ticket.replied.v1",
    "heed.tickets.ticket.resolved.v1",
    "heed.tickets.loop.advanced.v1",
    "heed.notifier.message.sent.v1",
    "heed.notifier.rule.ran.v1",
)


class Journey:
    """Each step leaves on `self` what the next one needs, and raises `AssertionError` where the promise is broken."""

    def __init__(self, client: httpx.AsyncClient, say: Callable[[str], None] = lambda _: None) -> None:
        self.client, self.say = client, say
        self.mark = uuid4().hex[:8]
        self.email = f"ana.{self.mark}@example.com"
        self.survey_id = self.customer_id = self.ticket_id = ""

    async def walk(self) -> None:
        await self.publish_a_survey()
        await self.invite_ana()
        await self.answer_on_the_hosted_page()
        await self.find_the_feedback_and_its_ticket()
        await self.acknowledge()
        await self.reply_and_resolve()
        await self.ask_again_and_measure()
        await self.read_the_score()
        await self.replay_the_events()

    async def publish_a_survey(self) -> None:
        made = await self.post("/v1/surveys", {"name": f"After delivery {self.mark}", "kind": "nps"}, 201)
        self.survey_id = made["id"]
        await self.post(f"/v1/surveys/{self.survey_id}/publish", None, 200)
        self.say("published an NPS survey")

    async def invite_ana(self) -> None:
        ana = await self.post("/v1/customers", {"email": self.email, "name": "Ana"}, 201)
        self.customer_id = ana["id"]

        async def invited() -> dict[str, Any] | None:
            body = {"customers": [{"id": self.customer_id}], "channel": "email"}
            [result] = (await self.post(f"/v1/surveys/{self.survey_id}/invitations", body, None))["data"]
            # Survey learns of a customer by an event; a moment after the first call she may still be unknown to it.
            return result if result["status"] == "queued" else None

        await self.until(invited, "the invitation is queued")
        message = await self.message("invitation")
        links = set(re.findall(r"https?://[^\s\"'<>]+/s/[^\s\"'<>]+", message["text"]))
        self.link = min(links, key=len).split("?")[0]
        assert any(link.endswith("score=2") for link in links), f"one-click scores in {links}"
        self.say("Ana has the invitation, with a link and one-click scores")

    async def answer_on_the_hosted_page(self) -> None:
        path = httpx.URL(self.link).raw_path.decode()
        page = await self.client.get(f"{path}?score=2", headers={"Authorization": ""})
        assert page.status_code == 200, page.text
        assert "checked" in page.text
        listed = await self.get(f"/v1/responses?survey_id={self.survey_id}")
        assert listed["data"] == [], "opening the page must not answer it"
        form = {"score": "2", "comment": "The delivery was late and the box was damaged."}
        thanks = await self.client.post(path, data=form, headers={"Authorization": ""})
        assert thanks.status_code == 200, thanks.text
        assert "hank" in thanks.text
        again = await self.client.post(path, data=form, headers={"Authorization": ""})
        assert again.status_code in (200, 409, 410), again.text
        self.say("Ana answered 2 of 10 on the hosted page")

    async def find_the_feedback_and_its_ticket(self) -> None:
        async def feedback() -> dict[str, Any] | None:
            found = (await self.get(f"/v1/feedback?survey_id={self.survey_id}"))["data"]
            return found[0] if found else None

        started = time.monotonic()
        said = await self.until(feedback, "the feedback is listed")
        assert said["rating"]["raw"] == 2, said
        assert said["sentiment"]["label"] == "negative", said
        assert any(topic["key"] == "delivery" for topic in said["topics"]), said
        assert said["customer_id"] == self.customer_id

        async def ticket() -> dict[str, Any] | None:
            found = (await self.get(f"/v1/tickets?customer_id={self.customer_id}"))["data"]
            return found[0] if found else None

        opened = await self.until(ticket, "the rule has opened a ticket")
        self.ticket_id = opened["id"]
        self.say(f"feedback understood and ticket opened after {time.monotonic() - started:.2f} s")
        sla = await self.get(f"/v1/tickets/{self.ticket_id}/sla")
        assert json.dumps(sla).count("due_at") >= 2, sla
        assert opened["assignee_id"], opened

    async def acknowledge(self) -> None:
        message = await self.message("acknowledgement")
        assert re.search(r"\d", message["text"]), "the acknowledgement says by when"

        async def timeline() -> list[str] | None:
            kinds = [entry["kind"] for entry in (await self.get(f"/v1/customers/{self.customer_id}/timeline"))["data"]]
            wanted = {"invited", "feedback", "ticket_opened", "message_sent", "rule_ran"}
            return kinds if wanted <= set(kinds) else None

        self.say(f"the timeline shows {len(await self.until(timeline, 'the timeline is complete'))} entries")

    async def reply_and_resolve(self) -> None:
        path = f"/v1/tickets/{self.ticket_id}"
        await self.post(f"{path}/messages", {"text": "Call her first.", "internal": True}, 201)
        await self.post(f"{path}/messages", {"text": "We are sorry, Ana. A new box is on its way."}, 201)
        reply = await self.message("reply")
        assert "new box is on its way" in reply["text"]
        assert "Call her first" not in reply["text"]
        resolved = await self.post(f"{path}/resolve", {"reason": "Sent a new box"}, 200)
        assert resolved["state"] == "resolved"
        await self.message("resolved")
        self.say("replied and resolved; Ana has both mails")

    async def ask_again_and_measure(self) -> None:
        question = await self.message("invitation", ticket_id=self.ticket_id)
        [link] = {link.split("?")[0] for link in re.findall(r"https?://[^\s\"'<>]+/s/[^\s\"'<>]+", question["text"])}
        path = httpx.URL(link).raw_path.decode()
        thanks = await self.client.post(path, data={"score": "5", "comment": ""}, headers={"Authorization": ""})
        assert thanks.status_code == 200, thanks.text

        async def closed() -> dict[str, Any] | None:
            loops = (await self.get("/v1/loops?limit=200"))["data"]
            [loop] = [loop for loop in loops if loop["ticket_id"] == self.ticket_id]
            return loop if loop["stage"] == "re_measured" else None

        loop = await self.until(closed, "the loop is re-measured")
        assert loop["after"] > loop["before"], loop
        self.say(f"the loop is closed: {loop['before']} before, {loop['after']} after")

    async def read_the_score(self) -> None:
        async def counted() -> dict[str, Any] | None:
            query = f"interval=day&by=channel&filter[survey]={self.survey_id}"
            answer = await self.get(f"/v1/metrics/nps?{query}")
            return answer if answer["n"] == 1 else None

        answer = await self.until(counted, "the score counts the answer")
        [point] = [point for point in answer["series"] if point["n"]]
        assert (point["group"], point["value"], point["n"]) == ("email", -100, 1), point
        assert point["interval"]["low"] <= -100 < point["interval"]["high"], point
        rows = await self.get(f"/v1/metrics/nps/rows?filter[survey]={self.survey_id}")
        assert len(rows["data"]) == 1
        low, high = point["interval"]["low"], point["interval"]["high"]
        self.say(f"NPS {point['value']} with n={point['n']}, between {low} and {high}")

    async def replay_the_events(self) -> None:
        async def complete() -> list[dict[str, Any]] | None:
            events = await self.all_events()
            types = {event["type"] for event in events}
            return events if set(SEEN) <= types else None

        events = await self.until(complete, "the event log has every step")
        sequence = [event["sequence"] for event in events]
        assert sequence == list(range(sequence[0], sequence[0] + len(sequence))), "the log has no gaps"
        self.say(f"the event log has {len(events)} events without a gap")

    async def all_events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        after = 0
        while page := (await self.get(f"/v1/events?after={after}&limit=1000"))["data"]:
            events += page
            after = page[-1]["sequence"]
        return events

    async def message(self, template: str, ticket_id: str | None = None) -> dict[str, Any]:
        """The newest message of this template to Ana that has left."""

        async def sent() -> dict[str, Any] | None:
            found = (await self.get(f"/v1/messages?customer_id={self.customer_id}&limit=100"))["data"]
            match = [m for m in found if m["template"] == template and m["state"] == "sent"]
            if ticket_id is not None:
                match = [m for m in match if m["ticket_id"] == ticket_id]
            return match[0] if match else None

        return await self.until(sent, f"a message {template!r} was sent")

    async def get(self, path: str) -> Any:
        answer = await self.client.get(path)
        assert answer.status_code == 200, f"GET {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def post(self, path: str, body: Any, status: int | None) -> Any:
        answer = await self.client.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
        assert status is None or answer.status_code == status, f"POST {path}: {answer.status_code} {answer.text}"
        return answer.json()

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str) -> T:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            found = await look()
            if found is not None:
                return found
            await asyncio.sleep(0.1)
        raise AssertionError(f"not within {PATIENCE_SECONDS:.0f} s: {what}")


async def main(url: str, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as client:
        await Journey(client, print).walk()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))

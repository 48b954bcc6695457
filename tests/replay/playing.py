"""The log, played through the API with a clock that is set to the time of each event."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx
from pydantic import TypeAdapter

from shared.testing.harness import Harness
from tests.replay.log import CLOSED, RESOLVED, TAKEN, WAITS, Event, Figures, summed

_DURATION: Final[TypeAdapter[timedelta]] = TypeAdapter(timedelta)
# A token of the tests lasts longer.
_FRESH: Final = timedelta(days=300)
Progress = Callable[[int, int], None]


class Player:
    """A case becomes a ticket with its first event. Who takes it in charge answers the customer; what waits is pending;
    what is resolved once more is reopened for it, so that the last time counts; closing is automatic, so only what
    nothing follows is closed; everything else is a note."""

    def __init__(self, desk: Harness, account: UUID) -> None:
        self._desk, self._account = desk, account
        self._client, self._since = desk.client(account=account), desk.clock.now()
        self.tickets: dict[str, str] = {}
        self._states: dict[str, str] = {}

    async def play(self, events: Sequence[Event], progress: Progress) -> None:
        last = {event.case: number for number, event in enumerate(events)}
        for number, event in enumerate(events):
            self._set_clock(event.at)
            if event.case not in self.tickets:
                ticket = await self._call("POST", "/v1/tickets", {"subject": event.case, "channel": "phone"})
                self.tickets[event.case], self._states[event.case] = ticket["id"], "open"
            await self._happens(event, is_last=last[event.case] == number)
            progress(number + 1, len(events))

    async def figures(self, events: int) -> Figures:
        """As the API tells them."""
        taken, resolved = [], []
        cursor: str | None = ""
        while cursor is not None:
            page = await self._call("GET", f"/v1/tickets?limit=1000{f'&cursor={cursor}' if cursor else ''}")
            for ticket in page["data"]:
                opened = datetime.fromisoformat(ticket["opened_at"])
                answered = ticket["first_responded_at"]
                taken += [datetime.fromisoformat(answered) - opened] if answered else []
                solved = ticket["resolved_at"] or await self._last_resolution(ticket)
                resolved += [datetime.fromisoformat(solved) - opened] if solved else []
            cursor = page["next_cursor"]
        return summed(len(self.tickets), events, taken, resolved)

    async def ledgers_that_add_up(self, every: int) -> tuple[int, int]:
        """How many of the ledgers of every so many tickets do, and how many there are."""
        right = total = 0
        for ticket_id in list(self.tickets.values())[::every]:
            explanation = await self._call("GET", f"/v1/tickets/{ticket_id}/sla/explain")
            for ledger in (explanation["first_response"], explanation["resolution"]):
                spans = [_DURATION.validate_python(segment["duration"]) for segment in ledger["segments"]]
                whole = datetime.fromisoformat(ledger["end"]) - datetime.fromisoformat(ledger["start"])
                right += sum(spans, timedelta()) == whole == _DURATION.validate_python(ledger["total"])
                total += 1
        return right, total

    async def _happens(self, event: Event, *, is_last: bool) -> None:
        path, state = f"/v1/tickets/{self.tickets[event.case]}", self._states[event.case]
        if event.activity in (TAKEN, RESOLVED, *WAITS) and state == "resolved":
            await self._call("POST", f"{path}/reopen", {"reason": event.activity})
            state = "open"
        if event.activity == TAKEN:
            if state == "pending":
                await self._call("PATCH", path, {"state": "open"})
            await self._call("POST", f"{path}/messages", {"text": "We are looking at it."})
            state = "open"
        elif event.activity == RESOLVED:
            await self._call("POST", f"{path}/resolve", {"reason": "Done"})
            state = "resolved"
        elif event.activity in WAITS:
            await self._call("PATCH", path, {"state": "pending"})
            state = "pending"
        elif event.activity == CLOSED and is_last and state == "resolved":
            await self._call("PATCH", path, {"state": "closed"})
            state = "closed"
        else:
            await self._call("POST", f"{path}/messages", {"text": event.activity, "internal": True})
        self._states[event.case] = state

    async def _last_resolution(self, ticket: dict[str, Any]) -> str | None:
        """Of a ticket that was reopened and never resolved again."""
        history = await self._call("GET", f"/v1/tickets/{ticket['id']}/history?limit=1000")
        moments: list[str] = [change["at"] for change in history["data"] if change["action"] == "resolved"]
        return moments[-1] if moments else None

    def _set_clock(self, at: datetime) -> None:
        self._desk.clock.advance(at - self._desk.clock.now())
        if not timedelta() <= at - self._since < _FRESH:
            self._client, self._since = self._desk.client(account=self._account), at

    async def _call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer: httpx.Response = await self._client.request(method, path, json=body)
        if answer.is_error:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text}")
        found: dict[str, Any] = answer.json()
        return found

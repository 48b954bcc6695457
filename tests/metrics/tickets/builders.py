"""Tickets as the tickets service would tell of them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.bus.events import Actor
from shared.contracts.base import ActorKind, Payload
from shared.contracts.tickets import (
    LoopAdvanced,
    Origin,
    TargetMet,
    TargetMissed,
    TicketEscalated,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketUpdated,
)
from shared.ids import new_id
from shared.testing.harness import Harness

PERSON = Actor(ActorKind.HUMAN, "mia")
RULE = Actor(ActorKind.RULE, "rule")
ORIGIN = Origin(kind="human", feedback_id=None, rule_id=None, request_id=None)


@dataclass
class Desk:
    """Tells of one ticket, at the harness's present moment; `told` is all of it. `aside`: it is not told yet."""

    metrics: Harness
    account: UUID
    customer_id: UUID | None = None
    channel: str = "email"
    priority: str = "normal"
    team_id: UUID | None = None
    assignee_id: UUID | None = None
    ticket_id: UUID = field(default_factory=new_id)
    version: int = 0
    aside: bool = False
    told: list[bytes] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.metrics.clock.now()

    async def tell(
        self, payload: type[Payload], *, actor: Actor = PERSON, subject: UUID | None = None, **data: Any
    ) -> None:
        names = payload.model_fields
        known = {
            name: getattr(self, name) for name in ("ticket_id", "customer_id", "priority", "assignee_id", "team_id")
        }
        values = {"number": 1, "subject": "Late", **known, **data}
        self.version += 1
        made = payload(**{name: value for name, value in values.items() if name in names})
        subject = subject or self.ticket_id
        raw = self.metrics.event(made, account=self.account, subject=subject, version=self.version, actor=actor)
        self.told.append(raw)
        if not self.aside:
            await self.metrics.deliver_raw([raw])

    async def open(self, *, first: float = 4, solution: float = 24) -> "Desk":
        """Due after so many hours."""
        due: dict[str, Any] = {"first_response_due_at": self._in(first), "resolution_due_at": self._in(solution)}
        data: dict[str, Any] = {"channel": self.channel, "origin": ORIGIN, "opened_at": self.now, "assignee_name": None}
        await self.tell(TicketOpened, **data, **due)
        return self

    async def update(self, state: str = "open") -> None:
        await self.tell(TicketUpdated, state=state, changed=("state",))

    async def reply(self, *, seconds: int | None = None, actor: Actor = PERSON) -> None:
        said: dict[str, Any] = {
            "message_id": new_id(),
            "text": "Sorry",
            "author_name": "Mia",
            "first_response": seconds is not None,
        }
        await self.tell(TicketReplied, actor=actor, **said, first_response_seconds=seconds)

    async def resolve(self, *, seconds: int = 60) -> None:
        data: dict[str, Any] = {"reason": None, "feedback_id": None, "reopened_before": 0}
        await self.tell(TicketResolved, **data, resolved_at=self.now, resolution_seconds=seconds)

    async def reopen(self) -> None:
        await self.tell(TicketReopened, reason=None, resolution_due_at=self._in(24))

    async def escalate(self) -> None:
        await self.tell(TicketEscalated, reason="angry", level=1)

    async def meet(self, target: str, due_at: datetime) -> None:
        spent: dict[str, Any] = {"elapsed_seconds": 1, "allowed_seconds": 2}
        await self.tell(TargetMet, target=target, due_at=due_at, met_at=self.now, **spent)

    async def miss(self, target: str, due_at: datetime) -> None:
        await self.tell(TargetMissed, target=target, due_at=due_at)

    async def advance(self, stage: str, *, before: int | None = 20, after: int | None = None) -> None:
        await self.tell(LoopAdvanced, feedback_id=new_id(), stage=stage, before=before, after=after)

    def _in(self, hours: float) -> datetime:
        return self.now + timedelta(hours=hours)

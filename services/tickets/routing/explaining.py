"""Why a ticket is with whom it is."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from services.tickets.cases.history import changes_of
from services.tickets.cases.models import Change, Ticket
from services.tickets.cases.repository import find_ticket
from services.tickets.people import service as people
from services.tickets.routing.choosing import Choice, Need, Verdict
from services.tickets.routing.facts import Asked
from services.tickets.routing.models import Assignment
from services.tickets.routing.roster import Rule
from services.tickets.teams.models import Strategy
from shared.contracts.tickets import Priority
from shared.http.schemas import Model
from shared.work import Work

_MOST_SHOWN: Final = 100
_MOST_NAMED: Final = 10


class CandidateOut(Model):
    """Somebody who came into question. `detail` says the verdict in words; `next` would have been possible too."""

    user_id: UUID
    name: str
    verdict: Verdict
    detail: str
    open_tickets: int


class Decision(Model):
    """`priority` and `tags` are what was asked for, before the rule changed them. Of many candidates the first 100."""

    rule_id: UUID | None
    rule_name: str | None
    team_id: UUID | None
    team_name: str | None
    strategy: Strategy
    skills: list[str]
    language: str | None
    priority: Priority
    tags: list[str]
    candidates: list[CandidateOut]


class AssignmentOut(Model):
    """`decision` is what Heed weighed when it last looked for somebody; null if it never did. What people did since is
    told by `explanation`."""

    ticket_id: UUID
    team_id: UUID | None
    assignee_id: UUID | None
    assignee_name: str | None
    queued_at: datetime | None
    explanation: str
    decided_at: datetime | None
    decision: Decision | None


def described(need: Need, choice: Choice, *, rule: Rule | None, asked: Asked) -> dict[str, Any]:
    """A `Decision`, as it is kept."""
    return {
        "rule_id": str(rule.id) if rule is not None else None,
        "rule_name": rule.name if rule is not None else None,
        "team_id": str(need.crew.id) if need.crew is not None else None,
        "team_name": need.crew.name if need.crew is not None else None,
        "strategy": need.strategy,
        "skills": sorted(need.skills),
        "language": need.language,
        "priority": asked.priority,
        "tags": list(asked.tags),
        "candidates": judged(choice),
    }


def judged(choice: Choice) -> list[dict[str, Any]]:
    """Whoever got it is among them, however many there are."""
    ranked = sorted(choice.judged, key=lambda one: one.verdict != "chosen")
    return [
        {
            "user_id": str(one.worker.user_id),
            "name": one.worker.name,
            "verdict": one.verdict,
            "detail": one.detail,
            "open_tickets": one.worker.open_tickets,
        }
        for one in ranked[:_MOST_SHOWN]
    ]


async def explain(work: Work, ticket_id: UUID) -> AssignmentOut:
    """Raises `NoSuchTicket`."""
    ticket = await find_ticket(work, ticket_id)
    assignment = await work.session.get(Assignment, ticket_id)
    decision = Decision.model_validate(assignment.decision) if assignment is not None else None
    return AssignmentOut(
        ticket_id=ticket.id,
        team_id=ticket.team_id,
        assignee_id=ticket.assignee_id,
        assignee_name=await people.name_of(work, ticket.assignee_id),
        queued_at=ticket.queued_at,
        explanation=await _in_words(work, ticket, assignment, decision),
        decided_at=assignment.at if assignment is not None else None,
        decision=decision,
    )


async def _in_words(work: Work, ticket: Ticket, assignment: Assignment | None, decision: Decision | None) -> str:
    change = await _last_change(work, ticket.id)
    if change is not None and (assignment is None or assignment.assignee_id != ticket.assignee_id):
        who = await people.name_of_author(work, change.actor)
        name = await people.name_of(work, ticket.assignee_id)
        return f"{who} {'gave it to ' + (name or 'somebody') if ticket.assignee_id else 'took it from whoever had it'}."
    if decision is None:
        return "It was opened with this assignee." if ticket.assignee_id else "It was opened for nobody."
    why = f"The rule “{decision.rule_name}” held" if decision.rule_name else "No rule held"
    where = f"so it went to {decision.team_name}" if decision.team_name else "so everybody came into question"
    if decision.team_name and not decision.rule_name:
        why, where = "It was opened", f"for {decision.team_name}"
        return f"{why} {where}; {_outcome(decision)}."
    return f"{why}, {where}; {_outcome(decision)}."


def _outcome(decision: Decision) -> str:
    chosen = next((one for one in decision.candidates if one.verdict == "chosen"), None)
    if chosen is not None:
        return f"{chosen.name} got it, who {chosen.detail}"
    if not decision.candidates:
        return "nobody works there"
    return "nobody can take it: " + ", ".join(f"{one.name} {one.detail}" for one in decision.candidates[:_MOST_NAMED])


async def _last_change(work: Work, ticket_id: UUID) -> Change | None:
    """Who gave the ticket to whom last, after it was opened."""
    mine = changes_of(work, ticket_id).where(Change.changes.has_key("assignee_id"))
    return await work.session.scalar(mine.order_by(Change.version.desc()).limit(1))

"""What many complain about and nobody has made a problem of: by cause, over weeks, with the words on the rise."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select

from services.tickets.access import service as access
from services.tickets.cases.models import Ticket
from services.tickets.causes import service as causes
from services.tickets.causes.service import Causes
from services.tickets.feedback.models import KnownFeedback
from services.tickets.problems.models import Problem, ProblemLink
from services.tickets.problems.schemas import MOST_LINKED, RisingWord, Suggestion, Suggestions, Week
from services.tickets.problems.service import OVER
from shared.work import Work

# The newest of each kind are looked at.
MOST_LOOKED_AT: Final = 20_000
MOST_SUGGESTED: Final = 50
# One or two may be chance.
FEWEST: Final = 3
_MOST_WORDS: Final = 5
_MOST_IDS: Final = MOST_LINKED // 2


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something unhappy that was said, or a ticket, and the causes that it speaks for with the words that do."""

    id: UUID
    is_ticket: bool
    customer_id: UUID | None
    at: datetime
    causes: Mapping[str, Collection[str]]
    is_linked: bool


@dataclass(slots=True)
class Group:
    """The complaints of one cause, newest first."""

    cause: str
    complaints: list[Complaint] = field(default_factory=list)

    def suggestion(self, known: Causes, weeks: list[date], problem_ids: list[UUID]) -> Suggestion:
        later = [complaint for complaint in self.complaints if _week(complaint.at) in weeks[len(weeks) // 2 :]]
        free = [complaint for complaint in self.complaints if not complaint.is_linked]
        of_week = Counter((_week(complaint.at), complaint.is_ticket) for complaint in self.complaints)
        return Suggestion(
            cause=self.cause,
            name=known.label(self.cause),
            feedback=sum(not complaint.is_ticket for complaint in self.complaints),
            tickets=sum(complaint.is_ticket for complaint in self.complaints),
            customers=len({complaint.customer_id for complaint in self.complaints} - {None}),
            later=len(later),
            earlier=len(self.complaints) - len(later),
            weeks=[Week(week=week, feedback=of_week[week, False], tickets=of_week[week, True]) for week in weeks],
            rising_words=self._rising({complaint.id for complaint in later}),
            problem_ids=problem_ids,
            ticket_ids=[complaint.id for complaint in free if complaint.is_ticket][:_MOST_IDS],
            feedback_ids=[complaint.id for complaint in free if not complaint.is_ticket][:_MOST_IDS],
        )

    def _rising(self, later: Collection[UUID]) -> list[RisingWord]:
        counts: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
        for complaint in self.complaints:
            counts[complaint.id in later].update({word.casefold() for word in complaint.causes[self.cause]})
        rising = [
            RisingWord(word=word, later=count, earlier=counts[False][word])
            for word, count in counts[True].items()
            if count >= FEWEST and count > counts[False][word]
        ]
        return sorted(rising, key=lambda word: (word.earlier - word.later, word.word))[:_MOST_WORDS]


async def suggest(work: Work, weeks: int) -> Suggestions:
    """Of the last `weeks` whole weeks and the one that runs."""
    this = _week(work.now)
    days = [this - timedelta(weeks=back) for back in range(weeks, -1, -1)]
    start = datetime.combine(days[0], time(0), UTC)
    known = await causes.of_account(work)
    tickets = await _tickets(work, known, start)
    feedback = await _feedback(work, known, start)
    groups = grouped([*tickets, *feedback])
    problems = await _problems(work, known)
    found = [group.suggestion(known, days, problems.get(group.cause, [])) for group in groups]
    return Suggestions(complete=max(len(tickets), len(feedback)) < MOST_LOOKED_AT, data=found)


def grouped(complaints: Iterable[Complaint]) -> list[Group]:
    """The largest first; those that have no complaint outside of a problem are left out."""
    groups: dict[str, Group] = {}
    for complaint in sorted(complaints, key=lambda complaint: complaint.at, reverse=True):
        for cause in complaint.causes:
            groups.setdefault(cause, Group(cause)).complaints.append(complaint)
    worth = [
        group
        for group in groups.values()
        if len(group.complaints) >= FEWEST and any(not complaint.is_linked for complaint in group.complaints)
    ]
    return sorted(worth, key=lambda group: (-len(group.complaints), group.cause))[:MOST_SUGGESTED]


async def _tickets(work: Work, known: Causes, start: datetime) -> list[Complaint]:
    linked = exists().where(ProblemLink.account_id == work.account_id, ProblemLink.target_id == Ticket.id)
    columns = (Ticket.id, Ticket.customer_id, Ticket.opened_at, Ticket.root_cause, linked)
    mine = (Ticket.account_id == work.account_id, Ticket.root_cause.is_not(None), Ticket.opened_at >= start)
    statement = (
        select(*columns).where(*mine, *access.visible(work)).order_by(Ticket.opened_at.desc()).limit(MOST_LOOKED_AT)
    )
    return [
        Complaint(ticket_id, True, customer_id, opened_at, {known.present(str(cause)): ()}, is_linked)
        for ticket_id, customer_id, opened_at, cause, is_linked in await work.session.execute(statement)
    ]


async def _feedback(work: Work, known: Causes, start: datetime) -> list[Complaint]:
    same = ProblemLink.target_id == KnownFeedback.feedback_id
    linked = exists().where(ProblemLink.account_id == work.account_id, same)
    said = KnownFeedback
    columns = (said.feedback_id, said.customer_id, said.occurred_at, said.topics, linked)
    unhappy = (said.band == "negative", said.gone.is_(False), said.occurred_at >= start, said.occurred_at <= work.now)
    statement = select(*columns).where(said.account_id == work.account_id, *unhappy)
    newest = statement.order_by(said.occurred_at.desc()).limit(MOST_LOOKED_AT)
    return [
        Complaint(feedback_id, False, customer_id, at, _closest(known, topics), is_linked)
        for feedback_id, customer_id, at, topics, is_linked in await work.session.execute(newest)
    ]


def _closest(known: Causes, topics: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Parts without the wholes that they are parts of."""
    found: dict[str, list[str]] = {}
    for key, words in topics.items():
        found.setdefault(known.present(key), []).extend(words)
    parents = {topic.parent for key in found if (topic := known.topics.get(key)) is not None}
    return {key: words for key, words in found.items() if key not in parents}


async def _problems(work: Work, known: Causes) -> dict[str, list[UUID]]:
    mine = (Problem.account_id == work.account_id, Problem.cause.is_not(None), Problem.state.not_in(OVER))
    found: dict[str, list[UUID]] = {}
    for problem_id, cause in await work.session.execute(select(Problem.id, Problem.cause).where(*mine)):
        found.setdefault(known.present(str(cause)), []).append(problem_id)
    return found


def _week(at: datetime) -> date:
    """The Monday of its week, in UTC."""
    day = at.astimezone(UTC).date()
    return day - timedelta(days=day.weekday())

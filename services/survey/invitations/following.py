"""What becomes of an invitation after it was made: it leaves when quiet hours end, reminds, and ends.

Each has the moment at which the next of these is due in its row, and one timer an account and moment looks for all that
are. So a run of ten thousand costs one timer, and whatever was missed is found by the next one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import cast

from sqlalchemy import select

from services.survey.eligibility import facts as gathering
from services.survey.eligibility import refusals
from services.survey.eligibility.facts import Facts, Rules, rules_for
from services.survey.eligibility.gates import budget_spent_until, closed_when_leaving
from services.survey.eligibility.refusals import Cause, Refused, refused_by
from services.survey.eligibility.service import leaves_at
from services.survey.experiments.arms import words_of
from services.survey.exposures import service as exposures
from services.survey.invitations.announcing import Announcer, ended
from services.survey.invitations.models import UNANSWERED, Invitation, InvitationState, Made
from services.survey.policies.schemas import Channel
from services.survey.surveys import service as surveys
from shared.bus.subscriptions import Timer
from shared.work import Work

TIMER = "invitations.due"
AT_ONCE = 500
# As many reminders as there could be: what comes next is the end.
_ALL_SENT = 1_000


def next_due(rules: Rules, last_sent_at: datetime, expires_at: datetime, *, reminders: int) -> datetime:
    """The next reminder, if there is one before the end, else the end; on the full hour, so that many share a timer."""
    wanted = rules.own.reminders
    if wanted is not None and rules.channel != "link" and reminders < wanted.most:
        next_reminder = _full_hour(last_sent_at + timedelta(days=wanted.days))
        if next_reminder < expires_at:
            return next_reminder
    return _full_hour(expires_at)


async def watch(work: Work, invitations: Iterable[Invitation | Made]) -> None:
    """See to it that somebody looks when they are due."""
    for due_at in sorted({invitation.due_at for invitation in invitations if invitation.due_at is not None}):
        await work.schedule(TIMER, key=due_at.isoformat(), due_at=due_at)


async def do_what_is_due(work: Work, timer: Timer) -> None:
    """The timer's handler. More than `AT_ONCE` are done in several transactions."""
    statement = (
        select(Invitation)
        .where(
            Invitation.account_id == work.account_id,
            Invitation.state.in_(UNANSWERED),
            Invitation.due_at <= work.now,
        )
        .order_by(Invitation.due_at, Invitation.id)
        .limit(AT_ONCE)
    )
    found = (await work.session.scalars(statement)).all()
    await gathering.lock(work, [invitation.customer_id for invitation in found])
    # Meanwhile some may have been answered, or done by another timer.
    locked = await work.session.scalars(
        statement.where(Invitation.id.in_([one.id for one in found])).with_for_update(of=Invitation),
        execution_options={"populate_existing": True},
    )
    due = sorted(locked, key=_together)
    for _, group in groupby(due, key=_together):
        await _do(work, list(group))
    await watch(work, due)
    if len(found) == AT_ONCE:
        await work.schedule(TIMER, key=timer.key, due_at=work.now)


def _together(invitation: Invitation) -> tuple[str, ...]:
    """Those with the same key have the same rules."""
    return str(invitation.survey_id), invitation.channel, str(invitation.ticket_id or "")


async def _do(work: Work, group: Sequence[Invitation]) -> None:
    """What is due for invitations that have the same rules."""
    first = group[0]
    survey = await surveys.read(work, first.survey_id)
    rules = await rules_for(work, survey, cast("Channel", first.channel), first.ticket_id)
    known = await gathering.of_customers(work, rules, [invitation.customer_id for invitation in group])
    steps = _Steps()
    for invitation in group:
        facts = known.get(invitation.customer_id)
        if facts is None or invitation.expires_at <= work.now:
            invitation.state = InvitationState.EXPIRED if facts else InvitationState.REVOKED
            ended(work, invitation, "expired" if facts else "customer_deleted")
        elif invitation.state is InvitationState.WAITING:
            _send(rules, invitation, facts, steps)
        else:
            _remind(rules, invitation, facts, steps)
    await _write_down(work, rules, steps)


@dataclass(frozen=True, slots=True)
class _Steps:
    """What was decided for a group. `refused`: not sent, or not reminded any more."""

    sent: list[Invitation] = field(default_factory=list)
    reminded: list[Invitation] = field(default_factory=list)
    unsent: list[Invitation] = field(default_factory=list)
    refused: list[tuple[Invitation, Refused]] = field(default_factory=list)


def _send(rules: Rules, invitation: Invitation, facts: Facts, steps: _Steps) -> None:
    gate = closed_when_leaving(rules, facts)
    if gate is not None:
        invitation.state = InvitationState.REVOKED
        steps.unsent.append(invitation)
        steps.refused.append((invitation, refused_by(gate, rules, facts)))
        return
    leaves = leaves_at(rules, facts, rules.now)
    if leaves > rules.now:  # they moved to another zone meanwhile
        invitation.due_at = leaves
        return
    invitation.state, invitation.sent_at = InvitationState.OPEN, rules.now
    invitation.due_at = next_due(rules, rules.now, invitation.expires_at, reminders=0)
    steps.sent.append(invitation)


def _remind(rules: Rules, invitation: Invitation, facts: Facts, steps: _Steps) -> None:
    """A reminder is a contact: the budget has to have a place for it. Until there is one it waits."""
    until_the_end = next_due(rules, rules.now, invitation.expires_at, reminders=_ALL_SENT)
    if rules.own.reminders is None or invitation.reminders >= rules.own.reminders.most:
        invitation.due_at = until_the_end
        return
    gate = closed_when_leaving(rules, facts)
    if gate is not None:
        invitation.due_at = until_the_end
        steps.refused.append((invitation, refused_by(gate, rules, facts)))
        return
    leaves = leaves_at(rules, facts, budget_spent_until(rules, facts) or rules.now)
    if leaves > rules.now:
        invitation.due_at = min(leaves, until_the_end)
        return
    invitation.reminders += 1
    invitation.due_at = next_due(rules, rules.now, invitation.expires_at, reminders=invitation.reminders)
    steps.reminded.append(invitation)


async def _write_down(work: Work, rules: Rules, steps: _Steps) -> None:
    if steps.sent or steps.reminded:
        announcer = await Announcer.of(work, rules, rules.survey)
        for invitation in steps.sent:
            announcer.created(invitation, await words_of(work, invitation))
        for invitation in steps.reminded:
            announcer.reminded(invitation, most=rules.own.reminders.most if rules.own.reminders else 0)
        await exposures.take(work, steps.reminded, "reminder")
    await exposures.give_back(work, steps.unsent)
    for invitation, why in steps.refused:
        if invitation in steps.unsent:
            ended(work, invitation, why.gate)
        cause = Cause(invitation.cause, invitation.cause_id)
        await refusals.record(work, rules, cause, [(invitation.customer_id, why)], invitation_id=invitation.id)


def _full_hour(moment: datetime) -> datetime:
    """The first from `moment` on."""
    hour = moment.replace(minute=0, second=0, microsecond=0)
    return hour if hour == moment else hour + timedelta(hours=1)

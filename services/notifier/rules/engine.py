"""Running rules: once per rule and event, with a record of what was done and why, or why not.

The run's unique row (rule, event) is written before its actions, in the same transaction, so a second delivery finds it
and does nothing. Of events that a rule's condition does not hold for, only recent ones leave a record: an import of
years of answers would fill the log with what nobody asks about.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from services.notifier.accounts.service import account_of
from services.notifier.log import repository as log
from services.notifier.rules.actions import Done, delay_of, id_in, perform
from services.notifier.rules.matching import MOST_RUNS_IN_A_CHAIN, Occurrence, Verdict, judge_rule, occurrence_of
from services.notifier.rules.models import Rule, RuleRun, RuleStep
from services.notifier.rules.schemas import as_actions
from shared.bus.events import Actor, Event
from shared.bus.subscriptions import NotYet, Timer
from shared.contracts.base import ActorKind, Payload
from shared.contracts.notifier import ActionOutcome, RuleRan
from shared.ids import new_id
from shared.work import Work

TIMER = "rules.action"

Pair = tuple[Rule, Event[Payload], Occurrence, Verdict]

# By arrays: a batch of a hundred events is one statement of one shape, however many runs it leaves.
_RUN_COLUMNS = {
    "id": "uuid",
    "rule_id": "uuid",
    "rule_version": "integer",
    "rule_name": "text",
    "event_id": "uuid",
    "event_type": "text",
    "subject": "uuid",
    "customer_id": "uuid",
    "outcome": "text",
    "reason": "text",
}
_RECORD = text(
    f"""
    insert into rule_runs (account_id, started_at, {", ".join(_RUN_COLUMNS)})
    select cast(:account_id as uuid), cast(:started_at as timestamptz), *
    from unnest({", ".join(f"cast(:{name} as {kind}[])" for name, kind in _RUN_COLUMNS.items())})
    on conflict (account_id, event_id, rule_id) do nothing
    returning id
    """
)

_CANCEL = text("""
    update rule_steps step set state = 'canceled', detail = came.type || ' came first', finished_at = :now
    from unnest(cast(:subjects as uuid[]), cast(:types as text[]), cast(:event_ids as uuid[]))
        as came (subject, type, event_id), rule_runs run
    where step.account_id = cast(:account_id as uuid) and step.state = 'scheduled' and step.subject = came.subject
        and came.type = any(step.unless) and run.id = step.run_id and run.event_id < came.event_id
""")


async def match_all(work: Work, events: Sequence[Event[Payload]]) -> None:
    """Meet the events with the account's rules. Costs one query for a batch that no rule listens to."""
    rules = await _rules_for(work, {event.type for event in events})
    await _cancel_waiting(work, events)
    if not rules:
        return
    pairs: list[Pair] = []
    for event in events:
        listening = [rule for rule in rules if rule.event_type == event.type]
        if listening:
            occurrence = occurrence_of(event.raw)
            pairs += [(rule, event, occurrence, judge_rule(rule, occurrence, work.now)) for rule in listening]
    paused = bool(pairs) and (await account_of(work)).rules_paused
    judged = [(*pair[:3], await _final_verdict(work, pair, paused=paused)) for pair in pairs]
    new_runs = await _record(work, [pair for pair in judged if _is_worth_a_record(pair, work)])
    for run, (rule, event, occurrence, _) in new_runs:
        if run.outcome == "ran":
            with acting_for(work, rule.id, event):
                await _run(work, run, rule, occurrence)


async def run_delayed(work: Work, timer: Timer) -> None:
    """A delayed action is due. Paused, cancelled or switched off in the meantime: it is dropped, and says so."""
    run_id, position = UUID(timer.payload["run_id"]), int(timer.payload["position"])
    step = await work.session.get(RuleStep, (work.account_id, run_id, position), with_for_update=True)
    run = await work.session.get(RuleRun, run_id)
    if step is None or run is None or step.state != "scheduled":
        return
    rule = await work.session.get(Rule, run.rule_id)
    entry = await log.find(work.session, work.account_id, run.event_id)
    if entry is None:
        raise NotYet("the event in the log")
    [action] = as_actions([step.action])
    if rule is None or not rule.enabled or rule.deleted_at is not None:
        step.state, step.detail = "canceled", "the rule was switched off"
    elif (await account_of(work)).rules_paused:
        step.state, step.detail = "canceled", "rules are paused"
    else:
        work.actor, work.causation_id = Actor(ActorKind.RULE, str(run.rule_id)), run.event_id
        done = await perform(work, run, position, action, occurrence_of(entry.body))
        step.state, step.detail = done.state, done.detail
    step.finished_at = work.now


@contextmanager
def acting_for(work: Work, rule_id: UUID, event: Event[Payload]) -> Iterator[None]:
    """What happens inside was done by the rule, because of the event."""
    before = work.actor, work.correlation_id, work.causation_id, work.traceparent
    work.actor = Actor(ActorKind.RULE, str(rule_id))
    work.correlation_id, work.causation_id = event.correlation_id, event.id
    work.traceparent = event.traceparent
    try:
        yield
    finally:
        work.actor, work.correlation_id, work.causation_id, work.traceparent = before


async def _rules_for(work: Work, types: set[str]) -> Sequence[Rule]:
    statement = (
        select(Rule)
        .where(Rule.account_id == work.account_id, Rule.event_type.in_(types))
        .where(Rule.enabled, Rule.deleted_at.is_(None))
        .order_by(Rule.created_at, Rule.id)
    )
    return list(await work.session.scalars(statement))


async def _final_verdict(work: Work, pair: Pair, *, paused: bool) -> Verdict:
    _, event, _, verdict = pair
    if verdict.outcome != "ran":
        return verdict
    if paused:
        return Verdict("paused", "all rules are paused")
    if event.causation_id is not None and await _runs_before(work, event.causation_id) >= MOST_RUNS_IN_A_CHAIN:
        return Verdict("loop", f"rules acted {MOST_RUNS_IN_A_CHAIN} times in the chain of events that led here")
    return verdict


async def _runs_before(work: Work, causation_id: UUID) -> int:
    causes = await log.causes_of(work.session, work.account_id, causation_id)
    statement = select(func.count(RuleRun.event_id.distinct())).where(
        RuleRun.account_id == work.account_id, RuleRun.event_id.in_(causes), RuleRun.outcome == "ran"
    )
    return int(await work.session.scalar(statement) or 0)


def _is_worth_a_record(pair: Pair, work: Work) -> bool:
    rule, _, occurrence, verdict = pair
    return verdict.outcome != "not_matched" or work.now - occurrence.happened_at <= timedelta(
        seconds=rule.max_event_age_seconds
    )


async def _record(work: Work, pairs: Sequence[Pair]) -> list[tuple[RuleRun, Pair]]:
    """The runs that are new, with what they are about."""
    if not pairs:
        return []
    runs = {run.id: (run, pair) for run, pair in ((_run_of(work, pair), pair) for pair in pairs)}
    columns = {name: [getattr(run, name) for run, _ in runs.values()] for name in _RUN_COLUMNS}
    found = await work.session.scalars(_RECORD, columns | {"account_id": work.account_id, "started_at": work.now})
    return [runs[run_id] for run_id in sorted(found)]


def _run_of(work: Work, pair: Pair) -> RuleRun:
    rule, event, occurrence, verdict = pair
    return RuleRun(
        id=new_id(),
        account_id=work.account_id,
        rule_id=rule.id,
        rule_version=rule.version,
        rule_name=rule.name,
        event_id=event.id,
        event_type=event.type,
        subject=event.subject,
        # Whoever is answered is answered where they spoke.
        customer_id=id_in(occurrence.data, "origin_customer_id") or id_in(occurrence.data, "customer_id"),
        outcome=verdict.outcome,
        reason=verdict.reason,
        started_at=work.now,
    )


async def _run(work: Work, run: RuleRun, rule: Rule, occurrence: Occurrence) -> None:
    outcomes = []
    for position, action in enumerate(as_actions(rule.actions)):
        step = RuleStep(
            account_id=work.account_id,
            run_id=run.id,
            position=position,
            subject=run.subject,
            action=action.model_dump(mode="json"),
            unless=action.unless,
        )
        delay = delay_of(action, occurrence.data, work.settings.resolution_survey_delay_seconds)
        if delay:
            done = Done("", "scheduled")
            await _schedule(work, run, step, work.now + timedelta(seconds=delay))
        else:
            done = await perform(work, run, position, action, occurrence)
            step.state, step.detail = done.state, done.detail
            step.due_at, step.finished_at = None, work.now
        work.session.add(step)
        outcome = {"action": action.type, "outcome": done.state, "detail": done.detail or None}
        outcomes.append(ActionOutcome.model_validate(outcome))
    work.emit(
        RuleRan(
            run_id=run.id,
            rule_id=rule.id,
            rule_name=rule.name,
            event_id=run.event_id,
            event_type=run.event_type,
            customer_id=run.customer_id,
            actions=tuple(outcomes),
        ),
        subject=run.id,
    )


async def _schedule(work: Work, run: RuleRun, step: RuleStep, due_at: datetime) -> None:
    """Void from the beginning if what cancels it has overtaken the event that asks for it."""
    step.state, step.detail, step.due_at, step.finished_at = "scheduled", None, due_at, None
    since = await log.first_since(work.session, work.account_id, run.event_id, subject=run.subject, types=step.unless)
    if since is not None:
        step.state, step.detail, step.finished_at = "canceled", f"{since.type} came first", work.now
        return
    payload = {"run_id": str(run.id), "position": step.position}
    await work.schedule(TIMER, key=f"{run.id}:{step.position}", due_at=due_at, payload=payload)


async def _cancel_waiting(work: Work, events: Sequence[Event[Payload]]) -> None:
    """`unless`: what waits for its time about these subjects, and is void by what has happened since.

    Since, not before: events may arrive in another order than they happened, and ids are in the order of the latter.
    """
    values = {
        "account_id": work.account_id,
        "now": work.now,
        "subjects": [event.subject for event in events],
        "types": [event.type for event in events],
        "event_ids": [event.id for event in events],
    }
    await work.session.execute(_CANCEL, values)

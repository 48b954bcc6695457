"""Rules as people edit them, and what they would have done."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select

from services.notifier.accounts.models import Account
from services.notifier.accounts.service import account_of
from services.notifier.log import repository as log
from services.notifier.log.repository import TypeFilter
from services.notifier.rules import conditions
from services.notifier.rules.matching import judge, occurrence_of
from services.notifier.rules.models import Rule
from services.notifier.rules.schemas import (
    RuleFields,
    RulePatch,
    SimulatedRun,
    Simulation,
    SimulationRequest,
    as_actions,
)
from services.notifier.rules.triggers import check_actions, check_trigger
from shared.contracts.notifier import RuleChanged, RulesPaused
from shared.http.dependencies import check_match
from shared.http.errors import Conflict, NotFound, Unacceptable
from shared.work import Work

MOST_RULES = 200


class TooManyRules(Conflict):
    """This account has as many rules as it may have. Delete one that is not needed."""

    code = "too_many_rules"


class BuiltInRule(Conflict):
    """Every account has this rule. To have it do nothing, switch it off: PATCH it with `{"enabled": false}`."""

    code = "built_in_rule"


class UnknownAccount(Conflict):
    """The account is being set up. Try again in a moment."""

    code = "account_not_ready"


async def get(work: Work, rule_id: UUID, *, lock: bool = False) -> Rule:
    rule = await work.session.get(Rule, rule_id, with_for_update=lock or None)
    if rule is None or rule.deleted_at is not None:
        raise NotFound("There is no such rule.")
    return rule


async def create(work: Work, body: RuleFields) -> Rule:
    _check(body)
    existing = select(Rule.id).where(Rule.account_id == work.account_id, Rule.deleted_at.is_(None)).limit(MOST_RULES)
    if len((await work.session.scalars(existing)).all()) >= MOST_RULES:
        raise TooManyRules
    rule = Rule(
        account_id=work.account_id,
        builtin=None,
        version=1,
        created_at=work.now,
        updated_at=work.now,
        deleted_at=None,
        **body.model_dump(mode="json"),
    )
    work.session.add(rule)
    await work.session.flush()
    _tell(work, rule, "created")
    return rule


async def change(work: Work, rule_id: UUID, patch: RulePatch, *, expected: int | None) -> Rule:
    """The whole is checked as it will be: a new event type must fit the old condition, and the other way round."""
    rule = await get(work, rule_id, lock=True)
    check_match(expected, rule.version)
    changes = {name: getattr(patch, name) for name in patch.model_fields_set}
    for name, value in changes.items():
        if value is None:
            raise Unacceptable.field(f"/{name}", "null", "Leave it out to keep it as it is.")
    merged = _fields(rule) | patch.model_dump(mode="json", include=patch.model_fields_set)
    body = RuleFields.model_validate(merged)
    _check(body)
    for name, value in body.model_dump(mode="json").items():
        setattr(rule, name, value)
    rule.version += 1
    rule.updated_at = work.now
    _tell(work, rule, "updated", changes)
    return rule


async def delete(work: Work, rule_id: UUID) -> None:
    """Its runs stay readable; what it still had to do is dropped. Raises `BuiltInRule`."""
    rule = await get(work, rule_id, lock=True)
    if rule.builtin is not None:
        raise BuiltInRule
    rule.deleted_at = rule.updated_at = work.now
    rule.enabled = False
    rule.version += 1
    _tell(work, rule, "deleted")


async def set_paused(work: Work, *, paused: bool) -> None:
    account = await work.session.get(Account, work.account_id, with_for_update=True)
    if account is None:
        raise UnknownAccount
    if account.rules_paused != paused:
        account.rules_paused = paused
        work.emit(RulesPaused(paused=paused), subject=work.account_id)


async def is_paused(work: Work) -> bool:
    return (await account_of(work)).rules_paused


async def simulate(work: Work, rule_id: UUID, asked: SimulationRequest) -> Simulation:
    """Judge the newest events of the rule's type as if they happened now; age counts as it did then."""
    rule = await get(work, rule_id)
    condition = rule.condition if asked.condition is None else asked.condition
    conditions.check(condition, rule.event_type)
    types = TypeFilter((rule.event_type,))
    runs = []
    max_age = timedelta(seconds=rule.max_event_age_seconds)
    actions: list[str] = [action.type for action in as_actions(rule.actions)]
    for entry in await log.latest(work.session, work.account_id, types=types, limit=asked.limit):
        occurrence = occurrence_of(entry.body)
        verdict = judge(condition, max_age, occurrence, occurrence.told_at)
        runs.append(
            SimulatedRun(
                event_id=entry.event_id,
                sequence=entry.sequence,
                occurred_at=occurrence.happened_at,
                outcome=verdict.outcome,
                reason=verdict.reason,
                actions=actions if verdict.outcome == "ran" else [],
            )
        )
    return Simulation(examined=len(runs), would_run=sum(run.outcome == "ran" for run in runs), runs=runs)


def _tell(work: Work, rule: Rule, change: Literal["created", "updated", "deleted"], fields: Iterable[str] = ()) -> None:
    changed = RuleChanged(rule_id=rule.id, name=rule.name, change=change, fields=tuple(sorted(fields)))
    work.emit(changed, subject=rule.id, version=rule.version)


def _check(body: RuleFields) -> None:
    check_trigger(body.event_type)
    conditions.check(body.condition, body.event_type)
    check_actions(body.event_type, body.actions)


def _fields(rule: Rule) -> dict[str, Any]:
    return {name: getattr(rule, name) for name in RuleFields.model_fields}

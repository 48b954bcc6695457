"""`/v1/rules` and `/v1/rule-runs`."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Query, Response
from sqlalchemy import select

from services.notifier.rules import service as rules
from services.notifier.rules.auth import RulesRead, RulesWrite
from services.notifier.rules.models import Rule, RuleRun, RuleStep
from services.notifier.rules.schemas import (
    Outcome,
    PauseState,
    RuleFields,
    RuleOut,
    RulePatch,
    RunOut,
    Simulation,
    SimulationRequest,
    StepOut,
    as_actions,
)
from shared.db.pagination import Page, PageQuery, paginate
from shared.http.dependencies import IfMatch, set_etag
from shared.http.routing import APIRouter

router = APIRouter(prefix="/v1/rules", tags=["rules"])
runs_router = APIRouter(prefix="/v1/rule-runs", tags=["rules"])


@router.get("")
async def list_rules(work: RulesRead, page: PageQuery) -> Page[RuleOut]:
    """Oldest first, which is also the order in which rules about the same event act."""
    statement = select(Rule).where(Rule.account_id == work.account_id, Rule.deleted_at.is_(None))
    return (await paginate(work.session, statement, page, keys=(Rule.created_at.asc(), Rule.id.asc()))).map(_out)


@router.post("", status_code=201)
async def create_rule(body: RuleFields, work: RulesWrite, response: Response) -> RuleOut:
    """The condition is compiled and tried on an example of the event; a field that does not exist is named."""
    rule = await rules.create(work, body)
    set_etag(response, rule.version)
    return _out(rule)


@router.get("/pause")
async def get_pause(work: RulesRead) -> PauseState:
    return PauseState(paused=await rules.is_paused(work))


@router.post("/pause-all")
async def pause_all_rules(work: RulesWrite) -> PauseState:
    """No rule of the account acts until `/v1/rules/resume-all`. What happens meanwhile is not made up for."""
    await rules.set_paused(work, paused=True)
    return PauseState(paused=True)


@router.post("/resume-all")
async def resume_all_rules(work: RulesWrite) -> PauseState:
    await rules.set_paused(work, paused=False)
    return PauseState(paused=False)


@router.get("/{rule_id}")
async def get_rule(rule_id: UUID, work: RulesRead, response: Response) -> RuleOut:
    rule = await rules.get(work, rule_id)
    set_etag(response, rule.version)
    return _out(rule)


@router.patch("/{rule_id}")
async def patch_rule(
    rule_id: UUID, body: RulePatch, work: RulesWrite, expected: IfMatch, response: Response
) -> RuleOut:
    """Change what is given; `{"enabled": false}` switches the rule off."""
    rule = await rules.change(work, rule_id, body, expected=expected)
    set_etag(response, rule.version)
    return _out(rule)


@router.delete("/{rule_id}", status_code=204)
async def delete_rule(rule_id: UUID, work: RulesWrite) -> None:
    """Its runs stay readable. A built-in rule can only be switched off."""
    await rules.delete(work, rule_id)


@router.post("/{rule_id}/simulate")
async def simulate_rule(
    rule_id: UUID, work: RulesRead, body: Annotated[SimulationRequest | None, Body()] = None
) -> Simulation:
    """What the rule would have done with the newest events of its type, newest first. Nothing is done."""
    return await rules.simulate(work, rule_id, body or SimulationRequest())


@runs_router.get("")
async def list_rule_runs(
    work: RulesRead,
    page: PageQuery,
    rule_id: Annotated[UUID | None, Query()] = None,
    event_id: Annotated[UUID | None, Query()] = None,
    customer_id: Annotated[UUID | None, Query()] = None,
    subject: Annotated[UUID | None, Query(description="What the event was about, such as a ticket.")] = None,
    outcome: Annotated[Outcome | None, Query()] = None,
) -> Page[RunOut]:
    """Why each rule ran or did not, newest first."""
    statement = select(RuleRun).where(RuleRun.account_id == work.account_id)
    wanted = {"rule_id": rule_id, "event_id": event_id, "customer_id": customer_id}
    for name, value in (wanted | {"subject": subject, "outcome": outcome}).items():
        if value is not None:
            statement = statement.where(getattr(RuleRun, name) == value)
    keys = (RuleRun.started_at.desc(), RuleRun.id.desc())
    found: Page[RuleRun] = await paginate(work.session, statement, page, keys=keys)
    ids = [run.id for run in found.data]
    steps = await work.session.scalars(
        select(RuleStep)
        .where(RuleStep.account_id == work.account_id, RuleStep.run_id.in_(ids))
        .order_by(RuleStep.run_id, RuleStep.position)
    )
    by_run: dict[UUID, list[RuleStep]] = {}
    for step in steps:
        by_run.setdefault(step.run_id, []).append(step)
    return found.map(lambda run: _run_out(run, by_run.get(run.id, [])))


def _out(rule: Rule) -> RuleOut:
    fields = {name: getattr(rule, name) for name in RuleOut.model_fields if name != "actions"}
    return RuleOut(**fields, actions=as_actions(rule.actions))


def _run_out(run: RuleRun, steps: list[RuleStep]) -> RunOut:
    fields = {name: getattr(run, name) for name in RunOut.model_fields if name not in ("actor", "steps")}
    return RunOut(**fields, actor=f"rule:{run.rule_id}", steps=[_step_out(step) for step in steps])


def _step_out(step: RuleStep) -> StepOut:
    fields = {name: getattr(step, name) for name in StepOut.model_fields if name != "input"}
    return StepOut(**fields, input=as_actions([step.action])[0])

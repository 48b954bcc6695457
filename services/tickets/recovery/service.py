"""The loops of a window, and what their customers did since."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select

from services.tickets.activities.models import KnownActivity
from services.tickets.cases.models import Ticket
from services.tickets.causes import service as causes
from services.tickets.causes.service import Causes
from services.tickets.loops.models import Loop
from services.tickets.problems.service import among
from services.tickets.recovery.counting import Case, Tally, tally
from services.tickets.recovery.schemas import By, GroupRecovery, RecoveryAnswer
from services.tickets.teams.models import Team
from shared.work import Work

_COLUMNS: Final[dict[By, ColumnElement[Any]]] = {
    By.CAUSE: Ticket.root_cause.expression,
    By.CHANNEL: Ticket.channel.expression,
    By.TEAM: Ticket.team_id.expression,
}

Acts = dict[UUID | None, dict[str, datetime]]


async def answer(work: Work, by: By, start: datetime, end: datetime) -> RecoveryAnswer:
    column = _COLUMNS[by].label("name")
    columns = (column, Loop.customer_id, Loop.fixed_at, Loop.before, Loop.after, Ticket.opened_at)
    window = (Loop.account_id == work.account_id, Ticket.opened_at >= start, Ticket.opened_at < end)
    rows = (await work.session.execute(select(*columns).join(Ticket, Ticket.id == Loop.ticket_id).where(*window))).all()
    acts = await _acts_of(work, {row.customer_id for row in rows if row.customer_id is not None})
    known = await causes.of_account(work)
    groups: dict[str | None, list[Case]] = {}
    for row in rows:
        name = known.present(row.name) if by is By.CAUSE and row.name is not None else row.name
        groups.setdefault(None if name is None else str(name), []).append(_case(row, acts))
    tallies = {name: tally(cases) for name, cases in groups.items()}
    labels = await _labels(work, by, known, [name for name in groups if name is not None])
    return RecoveryAnswer(
        from_=start,
        to=end,
        by=by,
        groups=[
            GroupRecovery(group=name, label=labels.get(name or ""), **tallies[name].fields())
            for name in _in_order(tallies)
        ],
        **tally(case for cases in groups.values() for case in cases).fields(),
    )


async def _labels(work: Work, by: By, known: Causes, names: Sequence[str]) -> dict[str, str]:
    if by is By.CAUSE:
        return {name: known.label(name) for name in names}
    if by is By.CHANNEL:
        return {name: name for name in names}
    mine = (Team.account_id == work.account_id, Team.id == among([UUID(name) for name in names]))
    return {str(team_id): name for team_id, name in await work.session.execute(select(Team.id, Team.name).where(*mine))}


def _in_order(tallies: dict[str | None, Tally]) -> Iterable[str | None]:
    return sorted(tallies, key=lambda name: (-tallies[name].loops, name is None, name or ""))


def _case(row: Row[Any], acts: Acts) -> Case:
    did = acts.get(row.customer_id, {})
    return Case(row.opened_at, row.fixed_at, row.before, row.after, did.get("purchase"), did.get("cancellation"))


async def _acts_of(work: Work, customer_ids: Collection[UUID]) -> Acts:
    """When each of them did each of it last."""
    acts: Acts = {}
    mine = (KnownActivity.account_id == work.account_id, KnownActivity.customer_id == among(list(customer_ids)))
    keys = (KnownActivity.customer_id, KnownActivity.kind)
    last = (
        select(*keys, func.max(KnownActivity.occurred_at)).where(*mine, KnownActivity.gone.is_(False)).group_by(*keys)
    )
    for customer_id, kind, at in await work.session.execute(last.group_by(*keys)):
        acts.setdefault(customer_id, {})[kind] = at
    return acts

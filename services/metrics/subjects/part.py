"""What metrics holds of a person, and what becomes of it."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, or_, select

from services.metrics.activities.service import EMPTIED
from services.metrics.db import Base
from services.metrics.facts import service as facts
from services.metrics.facts.models import Fact
from services.metrics.people.models import Person
from services.metrics.rollups.counting import hold_upkeep
from services.metrics.tickets import service as tickets
from shared.contracts.subjects import ErasureMode, MetricsPartDone, RecordCount
from shared.subjects.exports import exports_in
from shared.subjects.holdings import IDS, OWNED, Holding
from shared.subjects.parts import Subjects
from shared.work import Work

EXPORTS = exports_in(Base.metadata)

_NOBODYS = "customer_id = null, origin_customer_id = null"
HOLDINGS = (
    # They say no more of anybody than a number, and stay in the sums: those do not change, and are kept by variant.
    Holding(
        "scores",
        "metrics.facts",
        pseudonym=f"{_NOBODYS}, dimensions = case when dimensions ? 'variant' "
        "then jsonb_build_object('variant', dimensions -> 'variant') else '{}' end",
        names="feedback_id",
    ),
    Holding(
        "ticket_targets",
        "metrics.ticket_targets",
        "row.ticket_id in (select row.ticket_id from metrics.ticket_facts row "
        f"where row.account_id = :account_id and {OWNED})",
        names=None,
        erasable=False,
    ),
    # Without its steps, what comes late of a ticket counts for nothing.
    Holding("tickets", "metrics.ticket_facts", pseudonym=_NOBODYS, names="ticket_id"),
    Holding("ticket_steps", "metrics.ticket_steps", pseudonym=_NOBODYS, names="ticket_id", exported=False),
    # Cohorts and totals do not change if their customer becomes nobody. Erased, an activity cannot come back late.
    Holding(
        "activities",
        "metrics.activities",
        emptied=EMPTIED,
        pseudonym="customer_id = :nobody, origin_customer_id = null",
        names="activity_id",
    ),
    # Of nobody any more, they stay in the shares.
    Holding("invitations", "metrics.askings", pseudonym=_NOBODYS, names="invitation_id"),
    Holding("attempts", "metrics.attempts", pseudonym=_NOBODYS, names="attempt_id"),
    Holding("conversations", "metrics.talks", pseudonym=_NOBODYS, names="conversation_id"),
    Holding("lifetime_values", "metrics.lifetime_values", f"row.person_id = {IDS}", names=None),
    # Whom nothing is known of has no outcome either, so they leave their arm.
    Holding("assignments", "metrics.assignments", names=None),
    Holding("initiative_members", "metrics.initiative_members", names=None),
    Holding("people", "metrics.people", f"row.person_id = {IDS}", names="person_id"),
)


async def retract(work: Work, ids: Collection[UUID], mode: ErasureMode) -> list[RecordCount]:
    """Take what the person said out of the sums, and never count it again."""
    await hold_upkeep(work)
    if mode == "pseudonymise":
        return []
    theirs = (
        Fact.account_id == work.account_id,
        or_(Fact.customer_id.in_(ids), Fact.origin_customer_id.in_(ids)),
    )
    count = await work.session.scalar(select(func.count()).select_from(Fact).where(*theirs))
    await tickets.forget_targets(work, ids)
    feedback_ids = set(await work.session.scalars(select(Fact.feedback_id).where(*theirs)))
    await facts.erase(work, feedback_ids)
    return [RecordCount(kind="scores", treatment="deleted", count=count)] if count else []


async def version_of(work: Work, customer_id: UUID) -> int | None:
    """That of what is known of the customer's record."""
    mine = (Person.account_id == work.account_id, Person.person_id == customer_id)
    return await work.session.scalar(select(Person.version).where(*mine))


SUBJECTS = Subjects(
    service="metrics",
    table=EXPORTS,
    holdings=HOLDINGS,
    done=lambda part: MetricsPartDone(part=part),
    first=retract,
    version=version_of,
)

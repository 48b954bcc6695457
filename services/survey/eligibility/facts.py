"""What the gates are decided on: the rules of one asking, and what is known of each customer.

`Facts` are gathered by the same handful of statements, whether customers are named one by one or are a segment. The
gates themselves (`gates`) are pure functions of rules and facts, for one customer and for a hundred thousand alike.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, text

from services.survey.accounts.models import Account
from services.survey.db import MERGED_CUSTOMERS
from services.survey.experiments import service as experiments
from services.survey.policies import service as policies
from services.survey.policies.schemas import Channel, ContactPolicy, SurveyPolicy
from services.survey.responses import quotas
from services.survey.responses.quotas import Full
from services.survey.settings import SurveySettings
from services.survey.surveys.models import Survey, SurveyVersion
from services.survey.surveys.service import definition_of
from shared.contracts.consent import SURVEYS, Statement
from shared.work import Work


@dataclass(frozen=True, slots=True)
class Rules:
    """All that does not depend on the customer. `surveys` share one clock: the survey itself, and its variants."""

    now: datetime
    survey: Survey
    surveys: tuple[UUID, ...]
    channel: Channel
    cooldown: timedelta
    own: SurveyPolicy
    contact: ContactPolicy
    timezone: str | None = None
    ticket_id: UUID | None = None
    full: Full | None = None

    @property
    def longest_window(self) -> timedelta:
        """How far back contacts matter."""
        budgets = [*self.contact.budgets, *(b for one in self.contact.exceptions for b in one.budgets or ())]
        gaps = [self.contact.gap_days, *(one.gap_days or 0 for one in self.contact.exceptions)]
        return timedelta(days=max([*gaps, *(budget.days for budget in budgets)]))


_NOBODY: Final[dict[UUID, datetime]] = {}


@dataclass(slots=True)
class Facts:
    """One customer, as asking sees them. Times are of the past, `contacts` newest first, with their channels."""

    customer_id: UUID
    locale: str | None
    timezone: str | None
    has_email: bool
    has_phone: bool
    preferred_channel: str | None
    restricted: bool
    statements: tuple[Statement, ...] = ()
    times_asked: int = 0
    last_asked_at: datetime | None = None
    last_answered_at: datetime | None = None
    open_until: datetime | None = None
    contacts: tuple[tuple[datetime, str], ...] = ()
    exceptions: frozenset[UUID] = frozenset()
    others_asked: Mapping[UUID, datetime] = field(default_factory=lambda: _NOBODY)

    def say(self, consent_id: UUID, channel: str, granted: bool, basis: str, effective_at: datetime) -> None:
        self.statements += (Statement(consent_id, SURVEYS, channel, granted, basis, effective_at),)


# Each is found by its index, few or a hundred thousand, whatever the planner believes to know of the tables: row-level
# security has it believe that an account has next to nothing, and then a join takes forever.
_MEMBERS = text("""
    select customer_id from survey.segment_members
    where account_id = :account_id and segment_id = :segment_id and is_member
""")
_ALL = text("select customer_id from survey.contacts where account_id = :account_id and not is_deleted")

_KNOWN = text("""
select customer_id, locale, timezone, email is not null, phone is not null, preferred_channel, restricted
from survey.contacts where account_id = :account_id and not is_deleted and customer_id = any(cast(:customers as uuid[]))
""")
# Statements of somebody who was merged into the customer count with theirs.
_SAID = text("""
with recursive former (id, person) as (
    select id, stands_for from survey.aliases where account_id = :account_id
        and stands_for = any(cast(:customers as uuid[]))
    union
    select alias.id, former.person from survey.aliases alias join former on alias.stands_for = former.id
    where alias.account_id = :account_id
)
select customer_id, consent_id, channel, granted, basis, effective_at
from survey.consents
where account_id = :account_id and purpose = :purpose and channel in (:channel, 'any')
    and customer_id = any(cast(:customers as uuid[]))
union all
select former.person, consent_id, channel, granted, basis, effective_at
from former join survey.consents held on held.account_id = :account_id and held.customer_id = former.id
where held.purpose = :purpose and held.channel in (:channel, 'any')
""")
_ASKED = text("""
select customer_id, count(*), max(created_at), max(answered_at),
    max(expires_at) filter (where state in ('open', 'waiting') and expires_at > :now)
from survey.invitations
where account_id = :account_id and survey_id = any(:surveys)
    and ticket_id is not distinct from cast(:ticket_id as uuid) and customer_id = any(cast(:customers as uuid[]))
group by customer_id
""")
# However it came: by a link, through the API, in a file.
_ANSWERED = text("""
select customer_id, max(occurred_at) from survey.feedback
where account_id = :account_id and survey_id = any(:surveys) and completed
    and ticket_id is not distinct from cast(:ticket_id as uuid) and customer_id = any(cast(:customers as uuid[]))
group by customer_id
""")
_CONTACTED = text("""
select customer_id, at, channel from survey.exposures
where account_id = :account_id and at > :since and customer_id = any(cast(:customers as uuid[]))
order by at desc
""")
_EXCEPTED = text("""
select customer_id, segment_id from survey.segment_members
where account_id = :account_id and is_member and segment_id = any(:exceptions)
    and customer_id = any(cast(:customers as uuid[]))
""")
_OTHERS = text("""
select customer_id, survey_id, max(created_at) from survey.invitations
where account_id = :account_id and survey_id = any(:others) and customer_id = any(cast(:customers as uuid[]))
group by customer_id, survey_id
""")
_LOCK = text("""
    select from survey.contacts where account_id = :account_id and customer_id = any(:customers)
    order by customer_id for no key update
""")


async def rules_for(work: Work, survey: Survey, channel: Channel, ticket_id: UUID | None = None) -> Rules:
    settings: SurveySettings = work.settings
    contact, _ = await policies.contact_policy(work)
    own, _ = await policies.survey_policy(work, survey.id)
    account = await work.session.get(Account, work.account_id)
    days = settings.survey_cooldown_days if survey.cooldown_days is None else survey.cooldown_days
    return Rules(
        now=work.now,
        survey=survey,
        surveys=(survey.id, *await experiments.variants_of(work, survey.id)),
        channel=channel,
        cooldown=timedelta(days=days),
        own=own,
        contact=contact,
        timezone=account.timezone if account else None,
        ticket_id=ticket_id,
        full=await _full(work, survey),
    )


async def _full(work: Work, survey: Survey) -> Full | None:
    """By what respondents see, which is the published version."""
    version = await work.session.get(SurveyVersion, (survey.id, survey.published_version))
    if version is None:
        return None
    return await quotas.full(work.session, survey.id, definition_of(version), survey.response_limit)


async def lock(work: Work, customer_ids: Collection[UUID]) -> None:
    """Until this transaction ends nobody else asks these customers, on whatever survey: what we count stays true."""
    ordered = sorted(set(customer_ids))
    await work.session.execute(_LOCK, {"account_id": work.account_id, "customers": ordered})


async def of_many(work: Work, rules: Rules, segment_id: UUID | None) -> dict[UUID, Facts]:
    """All members of a segment, or all customers, that are known and not deleted."""
    names = {"account_id": work.account_id, "segment_id": segment_id}
    found = await work.session.scalars(_ALL if segment_id is None else _MEMBERS, names)
    ids = set(found)
    # Whoever was merged into another is that other now, who may be among them too.
    present = await MERGED_CUSTOMERS.present_ids(work, ids)
    return await of_customers(work, rules, set(present.values()))


async def of_customers(work: Work, rules: Rules, customer_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Those that are known and not deleted. One plain question after the other, put together here."""
    always = {"account_id": work.account_id, "customers": list(customer_ids)}

    async def rows(question: TextClause, **values: Any) -> Any:
        return await work.session.execute(question, always | values)

    # By position: by name, a hundred thousand rows take twice as long.
    people = {row[0]: Facts(*row) for row in await rows(_KNOWN)}
    for person, *stated in await rows(_SAID, purpose=SURVEYS, channel=rules.channel):
        if person in people:
            people[person].say(*stated)
    asked = {"surveys": list(rules.surveys), "ticket_id": rules.ticket_id, "now": rules.now}
    for person, times, last_at, answered_at, open_until in await rows(_ASKED, **asked):
        if (facts := people.get(person)) is not None:
            facts.times_asked, facts.last_asked_at = times, last_at
            facts.last_answered_at, facts.open_until = answered_at, open_until
    if rules.own.answered_days is not None:
        answered = {"surveys": list(rules.surveys), "ticket_id": rules.ticket_id}
        for person, answered_at in await rows(_ANSWERED, **answered):
            if (facts := people.get(person)) is not None:
                facts.last_answered_at = max(answered_at, facts.last_answered_at or answered_at)
    for person, at, channel in await rows(_CONTACTED, since=rules.now - rules.longest_window):
        if (facts := people.get(person)) is not None:
            facts.contacts = (*facts.contacts, (at, channel))
    if rules.contact.exceptions:
        segments = [exception.segment_id for exception in rules.contact.exceptions]
        for person, segment_id in await rows(_EXCEPTED, exceptions=segments):
            if (facts := people.get(person)) is not None:
                facts.exceptions |= {segment_id}
    if rules.own.after_others:
        others = [other.survey_id for other in rules.own.after_others]
        for person, survey_id, at in await rows(_OTHERS, others=others):
            if (facts := people.get(person)) is not None:
                facts.others_asked = {**facts.others_asked, survey_id: at}
    return people

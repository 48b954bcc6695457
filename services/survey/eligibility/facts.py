"""What the gates are decided on: the rules of one asking, and what is known of each customer, in one statement.

`Facts` of many customers are gathered by one SQL statement, whether they are named one by one or are a segment. The
gates themselves (`gates`) are pure functions of rules and facts, for one customer and for a hundred thousand alike.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import TextClause, text

from services.survey.accounts.models import Account
from services.survey.experiments import service as experiments
from services.survey.policies import service as policies
from services.survey.policies.schemas import Channel, ContactPolicy, SurveyPolicy
from services.survey.settings import SurveySettings
from services.survey.surveys.models import Survey
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

    @property
    def longest_window(self) -> timedelta:
        """How far back contacts matter."""
        budgets = [*self.contact.budgets, *(b for one in self.contact.exceptions for b in one.budgets or ())]
        gaps = [self.contact.gap_days, *(one.gap_days or 0 for one in self.contact.exceptions)]
        return timedelta(days=max([*gaps, *(budget.days for budget in budgets)]))


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
    statements: Sequence[Statement] = ()
    times_asked: int = 0
    last_asked_at: datetime | None = None
    last_answered_at: datetime | None = None
    open_until: datetime | None = None
    contacts: Sequence[tuple[datetime, str]] = ()
    exceptions: frozenset[UUID] = frozenset()
    others_asked: dict[UUID, datetime] = field(default_factory=dict)


# `{candidates}` is a query of customer ids. Statements of somebody who was merged into the customer count with theirs.
_GATHER = """
with candidate as materialized ({candidates}),
known as materialized (
    select contact.customer_id, contact.locale, contact.timezone, contact.email is not null as has_email,
        contact.phone is not null as has_phone, contact.preferred_channel, contact.restricted
    from candidate join survey.contacts contact
        on contact.account_id = :account_id and contact.customer_id = candidate.customer_id
    where not contact.is_deleted
),
said as (
    select person.customer_id, array_agg(array[
        held.consent_id::text, held.channel, held.granted::text, held.basis, held.effective_at::text
    ]) as statements
    from survey.consents held
    left join survey.aliases former
        on former.account_id = :account_id and former.id = held.customer_id and former.stands_for is not null
    join known person on person.customer_id = case
        when former.id is null then held.customer_id else survey.present_id(:account_id, held.customer_id) end
    where held.account_id = :account_id and held.purpose = :purpose and held.channel in (:channel, 'any')
    group by 1
),
asked as (
    select invitation.customer_id, count(*) as times, max(invitation.created_at) as last_at,
        max(invitation.answered_at) as answered_at,
        max(invitation.expires_at) filter (
            where invitation.state in ('open', 'waiting') and invitation.expires_at > :now
        ) as open_until
    from survey.invitations invitation join known using (customer_id)
    where invitation.account_id = :account_id and invitation.survey_id = any(:surveys)
        and invitation.ticket_id is not distinct from cast(:ticket_id as uuid)
    group by 1
),
contacted as (
    select exposure.customer_id, array_agg(exposure.at order by exposure.at desc) as times,
        array_agg(exposure.channel order by exposure.at desc) as channels
    from survey.exposures exposure join known using (customer_id)
    where exposure.account_id = :account_id and exposure.at > :since
    group by 1
),
excepted as (
    select member.customer_id, array_agg(member.segment_id) as segments
    from survey.segment_members member join known using (customer_id)
    where member.account_id = :account_id and member.is_member and member.segment_id = any(:exceptions)
    group by 1
),
others as (
    select asked.customer_id, jsonb_object_agg(asked.survey_id, asked.at) as surveys
    from (
        select invitation.customer_id, invitation.survey_id, max(invitation.created_at) as at
        from survey.invitations invitation join known using (customer_id)
        where invitation.account_id = :account_id and invitation.survey_id = any(:others)
        group by 1, 2
    ) asked
    group by 1
)
select known.*, said.statements, coalesce(asked.times, 0), asked.last_at, asked.answered_at, asked.open_until,
    contacted.times, contacted.channels, excepted.segments, others.surveys
from known left join said using (customer_id) left join asked using (customer_id)
    left join contacted using (customer_id) left join excepted using (customer_id) left join others using (customer_id)
"""
_NAMED = text(_GATHER.format(candidates="select unnest(cast(:customers as uuid[])) as customer_id"))
# Whoever was merged into another is that other now, who may be a member too.
_PRESENT = """
        select candidate.customer_id from ({everybody}) candidate
        where not exists (
            select from survey.aliases former where former.account_id = :account_id
                and former.id = candidate.customer_id and former.stands_for is not null
        )
        union
        select survey.present_id(:account_id, candidate.customer_id) from ({everybody}) candidate
        join survey.aliases former on former.account_id = :account_id
            and former.id = candidate.customer_id and former.stands_for is not null
"""
_OF_SEGMENT = """
    select customer_id from survey.segment_members
    where account_id = :account_id and segment_id = :segment_id and is_member
"""
_OF_ALL = "select customer_id from survey.contacts where account_id = :account_id and not is_deleted"
_SEGMENT = text(_GATHER.format(candidates=_PRESENT.format(everybody=_OF_SEGMENT)))
_ALL = text(_GATHER.format(candidates=_PRESENT.format(everybody=_OF_ALL)))
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
    )


async def lock(work: Work, customer_ids: Collection[UUID]) -> None:
    """Until this transaction ends nobody else asks these customers, on whatever survey: what we count stays true."""
    ordered = sorted(set(customer_ids))
    await work.session.execute(_LOCK, {"account_id": work.account_id, "customers": ordered})


async def of_customers(work: Work, rules: Rules, customer_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Those that are known and not deleted."""
    return await _gather(work, rules, _NAMED, {"customers": list(customer_ids)})


async def of_many(work: Work, rules: Rules, segment_id: UUID | None) -> dict[UUID, Facts]:
    """All members of a segment, or all customers, that are known and not deleted."""
    if segment_id is None:
        return await _gather(work, rules, _ALL, {})
    return await _gather(work, rules, _SEGMENT, {"segment_id": segment_id})


async def _gather(work: Work, rules: Rules, statement: TextClause, candidates: dict[str, Any]) -> dict[UUID, Facts]:
    values = candidates | {
        "account_id": work.account_id,
        "now": rules.now,
        "since": rules.now - rules.longest_window,
        "surveys": list(rules.surveys),
        "ticket_id": rules.ticket_id,
        "purpose": SURVEYS,
        "channel": rules.channel,
        "exceptions": [exception.segment_id for exception in rules.contact.exceptions],
        "others": [other.survey_id for other in rules.own.after_others],
    }
    rows = await work.session.execute(statement, values)
    return {row[0]: _facts(row) for row in rows}


def _facts(row: Any) -> Facts:
    # By position: by name, a hundred thousand rows take twice as long.
    facts = Facts(*row[:7])
    facts.times_asked, facts.last_asked_at, facts.last_answered_at, facts.open_until = row[8:12]
    statements, (at, channels, segments, others) = row[7], row[12:]
    if statements:
        facts.statements = [_statement(one) for one in statements]
    if at:
        facts.contacts = list(zip(at, channels, strict=True))
    if segments:
        facts.exceptions = frozenset(segments)
    if others:
        facts.others_asked = {UUID(key): datetime.fromisoformat(value) for key, value in others.items()}
    return facts


def _statement(stored: Sequence[str]) -> Statement:
    consent_id, channel, granted, basis, effective_at = stored
    return Statement(UUID(consent_id), SURVEYS, channel, granted == "true", basis, datetime.fromisoformat(effective_at))

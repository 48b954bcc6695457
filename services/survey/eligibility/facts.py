"""What the gates are decided on: the rules of one asking, and what is known of each customer.

`Facts` are gathered by the same handful of statements, whether customers are named one by one or are a segment. The
gates themselves (`gates`) are pure functions of rules and facts, for one customer and for a hundred thousand alike.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import TextClause, text

from services.survey.accounts.models import Account
from services.survey.adapters.twilio import WhatsAppTemplate
from services.survey.db import MERGED_CUSTOMERS
from services.survey.definition.questions import CSI, bounds
from services.survey.experiments import service as experiments
from services.survey.policies import service as policies
from services.survey.policies.schemas import Budget, Channel, ContactPolicy, SurveyPolicy
from services.survey.responses import quotas
from services.survey.responses.quotas import Full
from services.survey.settings import SurveySettings
from services.survey.sources.whatsapp import templates_of
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
    # For those who are asked by WhatsApp: the published question's scale, and what the account may ask it with.
    scale: tuple[int, int] | None = None
    whatsapp_templates: tuple[WhatsAppTemplate, ...] = ()

    @property
    def longest_window(self) -> timedelta:
        """How far back contacts matter."""
        gaps = [self.contact.gap_days, *(one.gap_days or 0 for one in self.contact.exceptions)]
        return timedelta(days=max([*gaps, *(budget.days for budget in self._budgets)]))

    @property
    def fewest_contacts(self) -> int:
        """Fewer than these within the longest window close no gate, for nobody."""
        if self.contact.gap_days or any(one.gap_days for one in self.contact.exceptions):
            return 1
        return max(1, min((budget.most for budget in self._budgets), default=1))

    @property
    def draws_lots(self) -> bool:
        return self.own.sample_percent < 100

    @property
    def _budgets(self) -> list[Budget]:
        return [*self.contact.budgets, *(b for one in self.contact.exceptions for b in one.budgets or ())]


WHATSAPP: Final[Literal["whatsapp"]] = "whatsapp"
_NOBODY: Final = UUID(int=0)
# Meta's customer service window: whoever wrote may be answered freely for so long, everybody else with a template only
# (developers.facebook.com/docs/whatsapp/pricing#customer-service-windows).
WHATSAPP_WINDOW: Final = timedelta(hours=24)


@dataclass(slots=True)
class History:
    """What was said, asked, answered and sent before. Times are of the past, `contacts` newest first, by channel."""

    statements: tuple[Statement, ...] = ()
    times_asked: int = 0
    last_asked_at: datetime | None = None
    last_answered_at: datetime | None = None
    open_until: datetime | None = None
    contacts: tuple[tuple[datetime, str], ...] = ()
    exceptions: frozenset[UUID] = frozenset()
    others_asked: Mapping[UUID, datetime] = field(default_factory=dict)
    # By WhatsApp, as far as that still allows an answer without a template.
    wrote_at: datetime | None = None

    def say(self, consent_id: UUID, channel: str, granted: bool, basis: str, effective_at: datetime) -> None:
        self.statements += (Statement(consent_id, SURVEYS, channel, granted, basis, effective_at),)


_NONE: Final = History()


@dataclass(slots=True)
class Facts:
    """One customer, as asking sees them."""

    history: History
    customer_id: UUID
    locale: str | None
    timezone: str | None
    has_email: bool
    has_phone: bool
    preferred_channel: str | None
    restricted: bool


# Each is found by its index, few or a hundred thousand, whatever the planner believes to know of the tables: row-level
# security has it believe that an account has next to nothing, and then a join takes forever.
_MEMBERS = text("""
    select array_agg(customer_id) from survey.segment_members
    where account_id = :account_id and segment_id = :segment_id and is_member
""")
_ALL = text("select array_agg(customer_id) from survey.contacts where account_id = :account_id and not is_deleted")

_KNOWN = text("""
select customer_id, locale, timezone, email is not null, phone is not null, preferred_channel, restricted
from survey.contacts where account_id = :account_id and not is_deleted and customer_id = any(cast(:customers as uuid[]))
""")
# How many there are of each kind that gates tell apart.
_KINDS = text("""
select email is not null, phone is not null, preferred_channel, restricted, count(*)
from survey.contacts where account_id = :account_id and not is_deleted and customer_id = any(cast(:customers as uuid[]))
group by 1, 2, 3, 4
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
select customer_id, array_agg(at order by at desc), array_agg(channel order by at desc) from survey.exposures
where account_id = :account_id and at > :since and customer_id = any(cast(:customers as uuid[]))
group by customer_id having count(*) >= :fewest
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
_WROTE = text("""
select customer_id, max(occurred_at) from survey.feedback
where account_id = :account_id and channel = 'whatsapp' and kind = 'message' and occurred_at > :since
    and customer_id = any(cast(:customers as uuid[]))
group by customer_id
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
    version = await work.session.get(SurveyVersion, (survey.id, survey.published_version))
    leading = definition_of(version).score if version is not None and channel == WHATSAPP else None
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
        full=await _full(work, survey, version),
        scale=None if leading is None or isinstance(leading, CSI) else bounds(leading),
        whatsapp_templates=tuple(await templates_of(work)) if channel == WHATSAPP else (),
    )


async def _full(work: Work, survey: Survey, version: SurveyVersion | None) -> Full | None:
    """By what respondents see, which is the published version."""
    if version is None:
        return None
    return await quotas.full(work.session, survey.id, definition_of(version), survey.response_limit)


async def lock(work: Work, customer_ids: Collection[UUID]) -> None:
    """Until this transaction ends nobody else asks these customers, on whatever survey: what we count stays true."""
    ordered = sorted(set(customer_ids))
    await work.session.execute(_LOCK, {"account_id": work.account_id, "customers": ordered})


async def of_many(work: Work, rules: Rules, segment_id: UUID | None) -> list[tuple[Facts, int]]:
    """All members of a segment, or all customers, that are known and not deleted: what is known, and of how many.

    Most have no history that could close a gate. They are counted by what else gates tell apart, and never fetched:
    only where lots are drawn does it matter who somebody is.
    """
    names = {"account_id": work.account_id, "segment_id": segment_id}
    ids = set(await work.session.scalar(_ALL if segment_id is None else _MEMBERS, names) or ())
    # Whoever was merged into another is that other now, who may be among them too.
    moved = await MERGED_CUSTOMERS.moved_ids(work, ids)
    ids = (ids - moved.keys()) | set(moved.values())
    histories = await _histories(work, rules, ids, fewest_contacts=rules.fewest_contacts)
    single = ids if rules.draws_lots else ids & histories.keys()
    found = [(facts, 1) for facts in (await _people(work, single, histories)).values()]
    for *kind, count in await _rows(work, _KINDS, ids - single):
        found.append((Facts(_NONE, _NOBODY, None, None, *kind), count))
    return found


async def of_customers(work: Work, rules: Rules, customer_ids: Collection[UUID]) -> dict[UUID, Facts]:
    """Those that are known and not deleted."""
    return await _people(work, customer_ids, await _histories(work, rules, customer_ids))


async def _people(work: Work, customer_ids: Collection[UUID], histories: Mapping[UUID, History]) -> dict[UUID, Facts]:
    # By position: by name, a hundred thousand rows take twice as long.
    return {row[0]: Facts(histories.get(row[0], _NONE), *row) for row in await _rows(work, _KNOWN, customer_ids)}


async def _histories(
    work: Work, rules: Rules, customer_ids: Collection[UUID], *, fewest_contacts: int = 1
) -> Mapping[UUID, History]:
    """Of those that have one. One plain question after the other, put together here.

    `fewest_contacts`: who was contacted less often than that counts as not contacted.
    """
    found: defaultdict[UUID, History] = defaultdict(History)

    async def rows(question: TextClause, **values: Any) -> Any:
        return await _rows(work, question, customer_ids, **values)

    for person, *stated in await rows(_SAID, purpose=SURVEYS, channel=rules.channel):
        found[person].say(*stated)
    asked = {"surveys": list(rules.surveys), "ticket_id": rules.ticket_id}
    for person, times, last_at, answered_at, open_until in await rows(_ASKED, now=rules.now, **asked):
        history = found[person]
        history.times_asked, history.last_asked_at = times, last_at
        history.last_answered_at, history.open_until = answered_at, open_until
    if rules.own.answered_days is not None:
        for person, answered_at in await rows(_ANSWERED, **asked):
            history = found[person]
            history.last_answered_at = max(answered_at, history.last_answered_at or answered_at)
    since = rules.now - rules.longest_window
    for person, times, channels in await rows(_CONTACTED, since=since, fewest=fewest_contacts):
        found[person].contacts = tuple(zip(times, channels, strict=True))
    if rules.contact.exceptions:
        segments = [exception.segment_id for exception in rules.contact.exceptions]
        for person, segment_id in await rows(_EXCEPTED, exceptions=segments):
            found[person].exceptions |= {segment_id}
    if rules.channel == WHATSAPP:
        for person, wrote_at in await rows(_WROTE, since=rules.now - WHATSAPP_WINDOW):
            found[person].wrote_at = wrote_at
    if rules.own.after_others:
        others = [other.survey_id for other in rules.own.after_others]
        for person, survey_id, at in await rows(_OTHERS, others=others):
            found[person].others_asked = {**found[person].others_asked, survey_id: at}
    return found


async def _rows(work: Work, question: TextClause, customer_ids: Collection[UUID], **values: Any) -> Any:
    about = {"account_id": work.account_id, "customers": list(customer_ids)}
    return await work.session.execute(question, about | values)

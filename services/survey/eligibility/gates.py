"""The gates, in the order in which they are tried: pure functions of the rules and of what is known of a customer.

A gate's `closed_until` is None if it is open, the moment at which it opens by itself, or `FOR_GOOD` if only somebody's
doing opens it. Its `reason` has the numbers it compared, whether it is open or closed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from services.survey.eligibility.facts import WHATSAPP, Facts, Rules
from services.survey.lots import share_of
from services.survey.policies.schemas import Budget
from services.survey.sources.whatsapp import fitting
from services.survey.surveys.models import SurveyState
from services.survey.surveys.service import asks_nobody
from shared.contracts.consent import ANY, SURVEYS, decide

FOR_GOOD: Final = datetime.max.replace(tzinfo=UTC)
Closing = Callable[[Rules, Facts], datetime | None]
Reason = Callable[[Rules, Facts], str]
_ADDRESS: Final = {"email": "e-mail address", "sms": "phone number", "whatsapp": "phone number"}


@dataclass(frozen=True, slots=True)
class Gate:
    """`protects_attention`: a person may override it, saying why. The others are about rights, or cannot be helped.

    `when_leaving`: tried once more when something is sent about an invitation that exists already.
    """

    name: str
    closed_until: Closing
    reason: Reason
    protects_attention: bool = False
    when_leaving: bool = False


def first_closed(rules: Rules, facts: Facts, *, overriding: bool = False) -> Gate | None:
    """`overriding` skips the gates that protect attention."""
    for gate in GATES:
        if gate.closed_until(rules, facts) is not None and not (overriding and gate.protects_attention):
            return gate
    return None


def closed_when_leaving(rules: Rules, facts: Facts) -> Gate | None:
    """For what was made before and leaves, or reminds, now."""
    return next((gate for gate in GATES if gate.when_leaving and gate.closed_until(rules, facts) is not None), None)


def budget_spent_until(rules: Rules, facts: Facts) -> datetime | None:
    """When there is a place for one more contact; None if there is one."""
    return _contact_budget(rules, facts)


def next_eligible_at(rules: Rules, facts: Facts) -> datetime | None:
    """When all closed gates have opened by themselves; None if one of them does not, or none is closed."""
    closed = [until for gate in GATES if (until := gate.closed_until(rules, facts)) is not None]
    latest = max(closed, default=FOR_GOOD)
    return None if latest == FOR_GOOD else latest


def _not_published(rules: Rules, facts: Facts) -> datetime | None:
    survey = rules.survey
    if survey.state is not SurveyState.PUBLISHED or (survey.closes_at is not None and survey.closes_at <= rules.now):
        return FOR_GOOD
    return survey.opens_at if survey.opens_at is not None and survey.opens_at > rules.now else None


def _published_reason(rules: Rules, facts: Facts) -> str:
    state, until = rules.survey.state, _not_published(rules, facts)
    if state is not SurveyState.PUBLISHED:
        return asks_nobody(state)
    if until is None:
        return f"The survey is {state}."
    return "The survey is closed already." if until == FOR_GOOD else "The survey is not open yet."


def _full(rules: Rules, facts: Facts) -> datetime | None:
    return None if rules.full is None else FOR_GOOD


def _full_reason(rules: Rules, facts: Facts) -> str:
    return "There is room for more answers." if rules.full is None else str(rules.full)


def _restricted(rules: Rules, facts: Facts) -> datetime | None:
    return FOR_GOOD if facts.restricted else None


def _consent_channel(rules: Rules) -> str:
    return ANY if rules.channel == "link" else rules.channel


def _no_consent(rules: Rules, facts: Facts) -> datetime | None:
    # Nothing said is read as `decide` reads it: asking is allowed. Most customers have said nothing.
    if not facts.history.statements:
        return None
    return None if decide(SURVEYS, _consent_channel(rules), facts.history.statements).allowed else FOR_GOOD


def _consent_reason(rules: Rules, facts: Facts) -> str:
    decision = decide(SURVEYS, _consent_channel(rules), facts.history.statements)
    if decision.deciding is None:
        return "Nothing was said about surveys, which may then be sent."
    said = "allowed" if decision.allowed else "forbidden"
    return f"Surveys by {rules.channel} were {said} on {_day(decision.deciding.effective_at)}."


def _not_wanted(rules: Rules, facts: Facts) -> datetime | None:
    return FOR_GOOD if facts.preferred_channel == "none" and rules.channel != "link" else None


def _no_address(rules: Rules, facts: Facts) -> datetime | None:
    has_phone = facts.has_phone
    reachable = {"email": facts.has_email, "sms": has_phone, "whatsapp": has_phone, "link": True}[rules.channel]
    return None if reachable else FOR_GOOD


def _address_reason(rules: Rules, facts: Facts) -> str:
    if rules.channel == "link":
        return "A link needs no address."
    address = _ADDRESS[rules.channel]
    if _no_address(rules, facts) is None:
        return f"There is {'an' if address[0] == 'e' else 'a'} {address}."
    return f"This customer has no {address}; add one, or use channel `link`."


def _no_template(rules: Rules, facts: Facts) -> datetime | None:
    if rules.channel != WHATSAPP or facts.history.wrote_at is not None:
        return None
    return None if fitting(rules.whatsapp_templates, rules.scale, facts.locale or rules.survey.locale) else FOR_GOOD


def _template_reason(rules: Rules, facts: Facts) -> str:
    if rules.channel != WHATSAPP:
        return "Only WhatsApp needs a template."
    if facts.history.wrote_at is not None:
        return f"Wrote by WhatsApp on {_day(facts.history.wrote_at)}, and may be answered freely for 24 hours."
    if _no_template(rules, facts) is None:
        return "There is a content template for this question."
    return (
        "Nothing was written by WhatsApp within 24 hours, and the Twilio source has no content template for this scale "
        "and language; add one to its `whatsapp_templates`."
    )


def _open_invitation(rules: Rules, facts: Facts) -> datetime | None:
    return facts.history.open_until


def _open_reason(rules: Rules, facts: Facts) -> str:
    if facts.history.open_until is None:
        return "No invitation to this survey is open."
    return f"This customer has an invitation to this survey that is open until {_day(facts.history.open_until)}."


def _asked_enough(rules: Rules, facts: Facts) -> datetime | None:
    most = rules.own.most_times
    return FOR_GOOD if most is not None and facts.history.times_asked >= most else None


def _enough_reason(rules: Rules, facts: Facts) -> str:
    limit = "any number is" if rules.own.most_times is None else f"at most {rules.own.most_times} are"
    return f"Asked {facts.history.times_asked} times on this survey; {limit} allowed."


def _cool_down(rules: Rules, facts: Facts) -> datetime | None:
    return _until(rules, facts.history.last_asked_at, rules.cooldown)


def _cool_down_reason(rules: Rules, facts: Facts) -> str:
    return f"{_ago('asked on this survey', facts.history.last_asked_at)}; {rules.cooldown.days} days have to pass."


def _answered(rules: Rules, facts: Facts) -> datetime | None:
    days = rules.own.answered_days
    return None if days is None else _until(rules, facts.history.last_answered_at, timedelta(days=days))


def _answered_reason(rules: Rules, facts: Facts) -> str:
    days = rules.own.answered_days
    if days is None:
        return "No time has to pass after an answer."
    return f"{_ago('answered', facts.history.last_answered_at)}; {days} days have to pass after an answer."


def _other_survey(rules: Rules, facts: Facts) -> datetime | None:
    until = [
        _until(rules, facts.history.others_asked.get(other.survey_id), timedelta(days=other.days))
        for other in rules.own.after_others
    ]
    return max((moment for moment in until if moment is not None), default=None)


def _other_reason(rules: Rules, facts: Facts) -> str:
    if not rules.own.after_others:
        return "No other survey is waited for."
    asked = max(facts.history.others_asked.values(), default=None)
    return f"{_ago('asked one of the surveys that this one keeps away from', asked)}."


def _left_in_peace(rules: Rules, facts: Facts) -> datetime | None:
    exception = rules.contact.for_member(facts.history.exceptions)
    return FOR_GOOD if exception is not None and exception.never else None


def _contact_gap(rules: Rules, facts: Facts) -> datetime | None:
    days = _gap_days(rules, facts)
    if not days or not facts.history.contacts:
        return None
    return _until(rules, facts.history.contacts[0][0], timedelta(days=days))


def _gap_reason(rules: Rules, facts: Facts) -> str:
    last = facts.history.contacts[0][0] if facts.history.contacts else None
    return f"{_ago('contacted, by whatever', last)}; {_gap_days(rules, facts)} days have to pass."


def _gap_days(rules: Rules, facts: Facts) -> int:
    if rules.own.ignores_contact_rules:
        return 0
    exception = rules.contact.for_member(facts.history.exceptions)
    if exception is not None and exception.gap_days is not None:
        return exception.gap_days
    return rules.contact.gap_days


def _contact_budget(rules: Rules, facts: Facts) -> datetime | None:
    latest: datetime | None = None
    for budget in _budgets(rules, facts):
        until = _spent_until(rules, facts, budget)
        if until is not None and (latest is None or until > latest):
            latest = until
    return latest


def _spent_until(rules: Rules, facts: Facts, budget: Budget) -> datetime | None:
    """A place is free again when the oldest contact that fills the budget leaves its window."""
    if budget.most == 0:
        return FOR_GOOD
    if len(facts.history.contacts) < budget.most:
        return None
    counted = [at for at, channel in facts.history.contacts if budget.channel in (None, channel)]
    return _until(rules, counted[budget.most - 1], timedelta(days=budget.days)) if len(counted) >= budget.most else None


def _budget_reason(rules: Rules, facts: Facts) -> str:
    budgets = _budgets(rules, facts)
    if not budgets:
        return "No budget holds."
    parts = []
    for budget in budgets:
        since = rules.now - timedelta(days=budget.days)
        spent = sum(at > since and budget.channel in (None, channel) for at, channel in facts.history.contacts)
        by = f" by {budget.channel}" if budget.channel else ""
        parts.append(f"{spent} of {budget.most} contacts{by} in {budget.days} days are spent")
    return f"{'; '.join(parts)}."


def _budgets(rules: Rules, facts: Facts) -> list[Budget]:
    if rules.own.ignores_contact_rules:
        return []
    budgets = rules.contact.budgets
    exception = rules.contact.for_member(facts.history.exceptions) if facts.history.exceptions else None
    if exception is not None and exception.budgets is not None:
        budgets = exception.budgets
    return [budget for budget in budgets if budget.channel in (None, rules.channel)]


def _not_drawn(rules: Rules, facts: Facts) -> datetime | None:
    percent = rules.own.sample_percent
    if percent == 100:
        return None
    return None if _draw(rules.survey.id, facts.customer_id) < float(percent) else FOR_GOOD


def _drawn_reason(rules: Rules, facts: Facts) -> str:
    drawn = _draw(rules.survey.id, facts.customer_id)
    return f"{rules.own.sample_percent} % of all customers are asked; this one's lot is {drawn:.2f}."


def _draw(survey_id: UUID, customer_id: UUID) -> float:
    return 100 * share_of("sample", survey_id, customer_id)


def _until(rules: Rules, since: datetime | None, pause: timedelta) -> datetime | None:
    """The end of a pause that has not passed yet."""
    if since is None or since + pause <= rules.now:
        return None
    return since + pause


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _ago(what: str, moment: datetime | None) -> str:
    return f"Never {what}" if moment is None else f"Last {what} on {_day(moment)}"


def _says(closed: str, is_open: str, closing: Closing) -> Reason:
    return lambda rules, facts: is_open if closing(rules, facts) is None else closed


GATES: Final = (
    Gate("not_published", _not_published, _published_reason, when_leaving=True),
    Gate("full", _full, _full_reason, when_leaving=True),
    Gate(
        "restricted",
        _restricted,
        _says("This customer's data is restricted: nobody may ask them.", "Not restricted.", _restricted),
        when_leaving=True,
    ),
    Gate("no_consent", _no_consent, _consent_reason, when_leaving=True),
    Gate(
        "not_wanted",
        _not_wanted,
        _says("This customer does not want to be contacted.", "Has not asked to be left alone.", _not_wanted),
        when_leaving=True,
    ),
    Gate("no_address", _no_address, _address_reason, when_leaving=True),
    Gate("no_template", _no_template, _template_reason, when_leaving=True),
    Gate("open_invitation", _open_invitation, _open_reason),
    Gate("asked_enough", _asked_enough, _enough_reason, protects_attention=True),
    Gate("cool_down", _cool_down, _cool_down_reason, protects_attention=True),
    Gate("answered", _answered, _answered_reason, protects_attention=True),
    Gate("other_survey", _other_survey, _other_reason, protects_attention=True),
    Gate(
        "left_in_peace",
        _left_in_peace,
        _says("A segment of this customer is left in peace.", "In no segment that is left in peace.", _left_in_peace),
        protects_attention=True,
        when_leaving=True,
    ),
    Gate("contact_gap", _contact_gap, _gap_reason, protects_attention=True),
    Gate("contact_budget", _contact_budget, _budget_reason, protects_attention=True),
    Gate("not_drawn", _not_drawn, _drawn_reason, protects_attention=True),
)

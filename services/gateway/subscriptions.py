"""Everything the gateway listens to, and what it does later."""

from collections.abc import Mapping

from services.gateway.accounts import service as accounts
from services.gateway.audit import handlers as audit
from services.gateway.subject_requests import handlers as subject_requests
from services.gateway.subject_requests import matched
from services.gateway.subject_requests.service import DUE, NUDGE, SWEEP
from shared.bus.subscriptions import TimerHandler, on, on_batch
from shared.contracts.customers import CustomersPartDone
from shared.contracts.hearing import PrivacyMatched
from shared.contracts.subjects import MetricsPartDone, NotifierPartDone, SurveyPartDone, TicketsPartDone

SUBSCRIPTIONS = [
    on_batch(audit.AUDITED, audit.record),
    on(PrivacyMatched, matched.open_all),
    on(CustomersPartDone, subject_requests.customers_done),
    on(SurveyPartDone, subject_requests.survey_done),
    on(TicketsPartDone, subject_requests.tickets_done),
    on(MetricsPartDone, subject_requests.metrics_done),
    on(NotifierPartDone, subject_requests.notifier_done),
]

TIMERS: Mapping[str, TimerHandler] = {
    accounts.TELL_AGAIN: accounts.tell_again,
    NUDGE: subject_requests.nudge,
    SWEEP: subject_requests.sweep,
    DUE: subject_requests.warn,
}

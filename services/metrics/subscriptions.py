"""Everything the metrics service listens to, and what it does later."""

from services.metrics.accounts import handlers as accounts
from services.metrics.activities import handlers as activities
from services.metrics.alerts import looking, watches
from services.metrics.episodes import handlers as episodes
from services.metrics.experiments import handlers as experiments
from services.metrics.facts import handlers as facts
from services.metrics.improvements import handlers as improvements
from services.metrics.lifetime import service as lifetime
from services.metrics.people import handlers as people
from services.metrics.rollups import rebuilding
from services.metrics.subjects.part import EXPORTS, SUBJECTS
from services.metrics.surveys import handlers as surveys
from services.metrics.tickets import handlers as tickets
from services.metrics.tickets.steps import STEPS
from services.metrics.verification import nightly
from shared.bus.subscriptions import Subscription, on, on_batch
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityRecorded
from shared.contracts.consent import ConsentChanged
from shared.contracts.conversations import ConversationEnded, ConversationHandedOff, ConversationStarted
from shared.contracts.customers import CustomerCreated, CustomerMerged, CustomerUnmerged, CustomerUpdated
from shared.contracts.feedback import FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.contracts.gateway import AccountCreated, AccountUpdated, SubjectRequestOpened
from shared.contracts.notifier import MessageFailed
from shared.contracts.problems import ImprovementShipped
from shared.contracts.survey import (
    AttemptObserved,
    InvitationCreated,
    InvitationEnded,
    ResponseReceived,
    SurveyPublished,
    VariantAssigned,
)
from shared.subjects.exports import export_timers

SUBSCRIPTIONS: list[Subscription] = [
    on(AccountCreated, accounts.remember),
    on(AccountUpdated, accounts.change),
    on_batch([FeedbackReceived, FeedbackUpdated, FeedbackErased], facts.record_all),
    on_batch(STEPS, tickets.record_all),
    on_batch([ActivityRecorded, ActivityCorrected, ActivityDeleted], activities.record_all),
    on_batch([InvitationCreated, InvitationEnded, ResponseReceived, MessageFailed], episodes.note_asking),
    on_batch([AttemptObserved], episodes.note_attempts),
    on_batch([ConversationStarted, ConversationHandedOff, ConversationEnded], episodes.note_talks),
    on_batch([CustomerCreated, CustomerUpdated], people.note_records),
    on_batch([ConsentChanged], people.note_consents),
    on(CustomerMerged, facts.merge),
    on(CustomerUnmerged, facts.unmerge),
    on_batch([VariantAssigned], experiments.remember_all),
    on(SurveyPublished, surveys.remember),
    on(ImprovementShipped, improvements.remember),
    on(AccountCreated, nightly.begin),
    on(SubjectRequestOpened, SUBJECTS.take_part),
]
TIMERS = {
    **export_timers(EXPORTS),
    nightly.KIND: nightly.verify,
    lifetime.TIMER: lifetime.refit,
    rebuilding.STEP: rebuilding.take_step,
    rebuilding.SWEEP: rebuilding.sweep,
    watches.LOOK: looking.look,
}

"""Everything the tickets service listens to, and what it does when time is up."""

from collections.abc import Mapping

from services.tickets.accounts import handlers as accounts
from services.tickets.activities import handlers as activities
from services.tickets.articles import service as articles
from services.tickets.assistant import handoffs, outcomes
from services.tickets.assistant import service as conversations
from services.tickets.assistant import settings as assistants
from services.tickets.attachments import service as attachments
from services.tickets.cases import handlers as cases
from services.tickets.causes import handlers as causes
from services.tickets.contacts import handlers as contacts
from services.tickets.feedback import handlers as feedback
from services.tickets.heard import handlers as heard
from services.tickets.improvements import telling
from services.tickets.loops import handlers as loops
from services.tickets.loops import overdue
from services.tickets.people import handlers as people
from services.tickets.routing import queues
from services.tickets.routing import timers as routing
from services.tickets.search import service as search
from services.tickets.slas import timers as slas
from services.tickets.slas.defaults import prepare_account
from services.tickets.slas.promises import ALARM
from services.tickets.slas.reapplying import PORTION_DUE, portion_due
from services.tickets.snoozing import service as snoozing
from services.tickets.subjects.part import SUBJECTS
from services.tickets.visitors.models import KEYS
from shared.bus.subscriptions import Subscription, TimerBatch, TimerHandler, on, on_batch
from shared.contracts.activities import ActivityCorrected, ActivityDeleted, ActivityRecorded
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from shared.contracts.feedback import FeedbackErased, FeedbackReceived, FeedbackUpdated
from shared.contracts.gateway import (
    AccountCreated,
    AccountUpdated,
    APIKeyCreated,
    APIKeyRevoked,
    APIKeyUpdated,
    SubjectRequestOpened,
    UserAdded,
    UserRemoved,
    UserUpdated,
)
from shared.contracts.notifier import MessageFailed, MessageSent, TicketRequested
from shared.contracts.taxonomy import TaxonomyChanged
from shared.contracts.tickets import (
    CustomerWrote,
    LoopAdvanced,
    TicketOpened,
    TicketReopened,
    TicketReplied,
    TicketResolved,
    TicketUpdated,
)

SUBSCRIPTIONS: list[Subscription] = [
    on(AccountCreated, prepare_account),
    on(AccountCreated, accounts.remember),
    on(AccountUpdated, accounts.rename),
    on(UserAdded, people.remember),
    on(UserUpdated, people.update),
    on(UserRemoved, people.forget),
    on(CustomerCreated, contacts.remember),
    on(CustomerUpdated, contacts.update),
    on(CustomerDeleted, contacts.forget),
    on(CustomerMerged, contacts.merge),
    on(CustomerUnmerged, contacts.unmerge),
    on(TicketRequested, cases.open_requested),
    on(FeedbackReceived, loops.measure_again),
    on(FeedbackUpdated, loops.hear_second_thoughts),
    on(LoopAdvanced, overdue.start_allowance),
    on(TaxonomyChanged, causes.remember),
    on(MessageSent, telling.note_sent),
    on(MessageFailed, telling.note_failed),
    on_batch([FeedbackReceived, FeedbackUpdated, FeedbackErased], feedback.record_all),
    on_batch([ActivityRecorded, ActivityCorrected, ActivityDeleted], activities.record_all),
    on(FeedbackReceived, heard.hear),
    on(TicketOpened, heard.catch_up),
    on_batch([TicketOpened, TicketUpdated, TicketReplied, CustomerWrote], search.remember),
    on(TicketResolved, queues.somebody_resolved),
    on(TicketUpdated, queues.something_moved),
    on(TicketReplied, outcomes.hear_staff),
    on(TicketResolved, outcomes.hear_resolved),
    on(TicketReopened, outcomes.hear_reopened),
    on(APIKeyCreated, KEYS.remember),
    on(APIKeyUpdated, KEYS.change),
    on(APIKeyRevoked, KEYS.revoke),
    on(SubjectRequestOpened, SUBJECTS.take_part),
]

TIMERS: Mapping[str, TimerHandler] = {
    ALARM: TimerBatch(slas.ring),
    articles.PUBLISH: articles.publish_due,
    articles.FILES_GONE: articles.delete_file,
    articles.LEARN: assistants.learn,
    attachments.UNCLAIMED: attachments.forget_unclaimed,
    conversations.IDLE: outcomes.fall_asleep,
    handoffs.WATCH: handoffs.climb,
    snoozing.ENDS: snoozing.time_is_up,
    overdue.TIMER: overdue.stage_due,
    telling.TIMER: telling.tell_portion,
    PORTION_DUE: portion_due,
    queues.WAITING: routing.hand_out,
    queues.UNASSIGNED_TOO_LONG: routing.unassigned_too_long,
}

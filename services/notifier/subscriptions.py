"""Everything the notifier listens to, and what it does later."""

from services.notifier.accounts import handlers as accounts
from services.notifier.consents import handlers as consents
from services.notifier.contacts import handlers as contacts
from services.notifier.log import handlers as log
from services.notifier.mails import service as mails
from services.notifier.messages import handlers as messages
from services.notifier.notices import handlers as notices
from services.notifier.rules import engine as rules
from services.notifier.subjects.part import SUBJECTS
from services.notifier.suppressions import service as suppressions
from shared.bus.subscriptions import Subscription, on, on_any, on_batch
from shared.contracts.consent import ConsentChanged
from shared.contracts.conversations import HandoffEscalated
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
)
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.gateway import (
    AccountCreated,
    AccountUpdated,
    SubjectRequestOpened,
    UserAdded,
    UserRemoved,
    UserUpdated,
)
from shared.contracts.hearing import DeliveryReported
from shared.contracts.mail import MailReceived
from shared.contracts.metrics import AlertRaised, NumbersDiffer
from shared.contracts.notifier import WebhookEndpointDisabled
from shared.contracts.problems import ImprovementTold
from shared.contracts.sources import SourceTroubled
from shared.contracts.survey import InvitationCreated, InvitationEnded, InvitationReminded
from shared.contracts.tickets import (
    CustomerWrote,
    LoopOverdue,
    PeopleMentioned,
    TicketEscalated,
    TicketUnassignedTooLong,
)

SUBSCRIPTIONS: list[Subscription] = [
    on(AccountCreated, accounts.set_up),
    on(AccountUpdated, accounts.change),
    on_batch([FeedbackReceived], accounts.note_channels),
    on_batch([CustomerCreated, CustomerUpdated], contacts.remember),
    on(CustomerDeleted, contacts.forget),
    on(SubjectRequestOpened, SUBJECTS.take_part),
    on(CustomerMerged, contacts.merge),
    on(CustomerUnmerged, contacts.unmerge),
    on(ConsentChanged, consents.remember),
    on(MailReceived, mails.remember),
    # The log comes before the rules: what led to an event is looked up there.
    on_any(log.append_all),
    on_batch([InvitationCreated], messages.invite),
    on(InvitationReminded, messages.remind),
    on_batch([ImprovementTold], messages.tell),
    on(InvitationEnded, messages.drop),
    on(DeliveryReported, suppressions.take_in),
    on_any(rules.match_all),
    on(UserAdded, notices.meet),
    on(UserUpdated, notices.hear_of),
    on(UserRemoved, notices.part_with),
    on(SourceTroubled, notices.source_in_trouble),
    on(NumbersDiffer, notices.numbers_differ),
    on(AlertRaised, notices.alert_raised),
    on(TicketUnassignedTooLong, notices.ticket_unassigned),
    on(WebhookEndpointDisabled, notices.webhook_disabled),
    on(LoopOverdue, notices.loop_overdue),
    on(HandoffEscalated, notices.handoff_escalated),
    on(PeopleMentioned, notices.people_mentioned),
    on(TicketEscalated, notices.ticket_escalated),
    on(CustomerWrote, notices.customer_wrote),
]
TIMERS = {rules.TIMER: rules.run_delayed}

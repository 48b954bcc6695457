"""Everything the survey service listens to, and what it does later."""

from services.survey.accounts import handlers as accounts
from services.survey.chats import service as chats
from services.survey.consents import handlers as consents
from services.survey.contacts import handlers as contacts
from services.survey.emerging import service as emerging
from services.survey.exposures import handlers as exposures
from services.survey.feedback import handlers as feedback
from services.survey.files import service as files
from services.survey.imports import service as imports
from services.survey.invitations import following
from services.survey.invitations import handlers as invitations
from services.survey.learning import service as learning
from services.survey.logos import service as logos
from services.survey.mail import threading as mail
from services.survey.recurrence import service as recurrence
from services.survey.relabelings import service as relabelings
from services.survey.responses import continuing
from services.survey.runs import service as runs
from services.survey.segments import handlers as segments
from services.survey.sources import reading, replays, retention, watching
from services.survey.subjects.part import SUBJECTS
from services.survey.taxonomy import handlers as taxonomy
from services.survey.triggers import handlers as occasions
from services.survey.triggers import service as triggers
from services.survey.widget.models import KEYS
from shared.bus.subscriptions import on, on_batch
from shared.contracts.activities import ActivityDeleted, ActivityRecorded
from shared.contracts.consent import ConsentChanged
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerIdentified,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
    SegmentChanged,
    SegmentDeleted,
    SegmentMembershipChanged,
    SightingUnresolved,
)
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.gateway import (
    AccountCreated,
    AccountUpdated,
    APIKeyCreated,
    APIKeyRevoked,
    APIKeyUpdated,
    SubjectRequestOpened,
)
from shared.contracts.notifier import MessageSent, SurveyRequested
from shared.contracts.sources import SourceDelivered
from shared.contracts.survey import ResponseReceived, ResponseWithdrawn
from shared.contracts.tickets import TicketOpened, TicketReplied

SUBSCRIPTIONS = (
    on(AccountCreated, accounts.remember),
    on(AccountUpdated, accounts.rename),
    on(AccountCreated, taxonomy.announce_first),
    on(APIKeyCreated, KEYS.remember),
    on(APIKeyUpdated, KEYS.change),
    on(APIKeyRevoked, KEYS.revoke),
    on_batch([CustomerCreated, CustomerUpdated, CustomerDeleted], contacts.remember),
    on_batch([ConsentChanged], consents.remember),
    on(SegmentChanged, segments.remember),
    on_batch([SegmentMembershipChanged], segments.follow),
    on(SegmentDeleted, segments.forget),
    on_batch([ActivityRecorded], occasions.on_activities),
    on(ActivityDeleted, occasions.on_activity_deleted),
    on_batch([FeedbackReceived], occasions.on_answers),
    on_batch([SegmentMembershipChanged], occasions.on_segments),
    on(MessageSent, exposures.count_message),
    on(SubjectRequestOpened, SUBJECTS.take_part),
    on(CustomerMerged, contacts.merge),
    on(CustomerUnmerged, contacts.unmerge),
    on_batch([ResponseReceived], feedback.understand),
    on(ResponseWithdrawn, feedback.forget),
    on_batch([CustomerIdentified, SightingUnresolved], feedback.settle),
    on(SurveyRequested, invitations.ask_for_rule),
    on(TicketReplied, chats.answer),
    on_batch([SourceDelivered], reading.read_new),
    on(TicketOpened, mail.remember_ticket),
)

TIMERS = {
    following.TIMER: following.do_what_is_due,
    continuing.TELL_PART: continuing.tell_part,
    files.UNCLAIMED: files.forget_unclaimed,
    runs.TIMER: runs.advance,
    triggers.TIMER: triggers.ask,
    recurrence.TIMER: recurrence.sweep,
    logos.UNUSED: logos.forget_unused,
    retention.TIMER: retention.forget_old,
    reading.TIMER: reading.announce_waiting,
    replays.TIMER: replays.go_on,
    watching.TIMER: watching.look,
    emerging.TIMER: emerging.look_daily,
    imports.FORGET: imports.SHELF.forget,
    learning.CONSIDER: learning.consider,
    relabelings.TIMER: relabelings.advance,
}

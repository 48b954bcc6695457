"""Everything the survey service listens to."""

from services.survey.accounts import handlers as accounts
from services.survey.contacts import handlers as contacts
from services.survey.feedback import handlers as feedback
from services.survey.invitations import handlers as invitations
from services.survey.widget import handlers as widget
from shared.bus.subscriptions import on, on_batch
from shared.contracts.customers import (
    CustomerCreated,
    CustomerDeleted,
    CustomerIdentified,
    CustomerMerged,
    CustomerUnmerged,
    CustomerUpdated,
    SightingUnresolved,
)
from shared.contracts.gateway import AccountCreated, AccountUpdated, APIKeyCreated, APIKeyRevoked, APIKeyUpdated
from shared.contracts.notifier import SurveyRequested
from shared.contracts.survey import ResponseReceived

SUBSCRIPTIONS = (
    on(AccountCreated, accounts.remember),
    on(AccountUpdated, accounts.rename),
    on(APIKeyCreated, widget.remember),
    on(APIKeyUpdated, widget.change),
    on(APIKeyRevoked, widget.revoke),
    on_batch([CustomerCreated, CustomerUpdated, CustomerDeleted], contacts.remember),
    on(CustomerMerged, contacts.merge),
    on(CustomerUnmerged, contacts.unmerge),
    on_batch([ResponseReceived], feedback.understand),
    on_batch([CustomerIdentified, SightingUnresolved], feedback.settle),
    on(SurveyRequested, invitations.ask_for_rule),
)

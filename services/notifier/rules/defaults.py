"""The rules every account starts with: the closed loop, from an unhappy answer to the question after its resolution."""

from typing import Any, Final

from sqlalchemy.dialects.postgresql import insert

from services.notifier.rules.models import Rule
from services.notifier.rules.schemas import RuleFields
from shared.contracts.feedback import FeedbackReceived, FeedbackUpdated
from shared.contracts.tickets import TicketOpened, TicketReopened, TicketReplied, TicketResolved
from shared.ids import new_id
from shared.work import Work

# An answer about a ticket's handling is for the loop of that ticket, not for another ticket about the ticket. Nobody
# waits for an answer to what no person wrote, or took back, or wrote to others than us; everybody who wrote to us does.
_TO_US: Final = 'data.ticket_id == null && data.automatic == null && !data.removed && data.kind != "mention"'
_BAD: Final = (
    '(data.rating != null && data.rating.band == "negative") || '
    '(data.rating == null && data.sentiment != null && data.sentiment.label == "negative") || '
    '(data.urgency != null && data.urgency.label == "urgent")'
)
UNHAPPY: Final = f'{_TO_US} && (data.kind == "message" || {_BAD})'
SOURED: Final = (
    'data.reason == "edited" && data.first_rating != null && data.first_rating.band != "negative" '
    f"&& {_TO_US} && ({_BAD})"
)


# By the name they are recognised by.
DEFAULT_RULES: Final[dict[str, dict[str, Any]]] = {
    "unhappy_answer": {
        "name": "An unhappy answer or a message to us opens a ticket",
        "event_type": FeedbackReceived.TYPE,
        "condition": UNHAPPY,
        "actions": [
            {
                "type": "open_ticket",
                # For the desk; the built-in texts do not show it to customers.
                "subject": "{{ survey_name or title or 'Feedback' }}"
                "{% if rating %}: {{ rating.value }} of {{ rating.maximum }}{% endif %}",
                "priority": "as_said",
                "tags": ["unhappy-answer"],
            }
        ],
    },
    "soured_review": {
        "name": "A review that is changed for the worse opens a ticket",
        "event_type": FeedbackUpdated.TYPE,
        "condition": SOURED,
        "actions": [
            {
                "type": "open_ticket",
                "subject": "{{ title or 'Review' }}{% if rating %}: now {{ rating.value }} of {{ rating.maximum }}"
                "{% endif %}",
                "priority": "high",
                "tags": ["unhappy-answer"],
            }
        ],
    },
    "acknowledge": {
        "name": "Who told us something unhappy hears that we are on it",
        "event_type": TicketOpened.TYPE,
        "condition": "data.origin.feedback_id != null && (data.customer_id != null || data.thread_id != null)",
        "actions": [{"type": "send_message", "template": "acknowledgement"}],
    },
    "reply": {
        "name": "An answer to a ticket is mailed",
        "event_type": TicketReplied.TYPE,
        "condition": "data.customer_id != null || data.thread_id != null",
        "actions": [{"type": "send_message", "template": "reply"}],
    },
    "resolved": {
        "name": "A resolution is mailed, and later we ask how it was",
        "event_type": TicketResolved.TYPE,
        "condition": "data.customer_id != null || data.thread_id != null",
        "actions": [
            {"type": "send_message", "template": "resolved"},
            {
                "type": "send_survey",
                "kind": "csat",
                "touchpoint": "ticket_resolved",
                "delay_seconds": None,
                "unless": [TicketReopened.TYPE],
            },
        ],
    },
}


async def seed(work: Work) -> None:
    """Give the account the rules that it does not have. Safe to repeat; edited ones stay as they are."""
    rows = []
    for builtin, fields in DEFAULT_RULES.items():
        rule = RuleFields.model_validate(fields)
        common = {"id": new_id(), "account_id": work.account_id, "builtin": builtin, "version": 1}
        rows.append(common | rule.model_dump(mode="json") | {"created_at": work.now, "updated_at": work.now})
    statement = insert(Rule).values(rows)
    await work.session.execute(statement.on_conflict_do_nothing(index_elements=["account_id", "builtin"]))

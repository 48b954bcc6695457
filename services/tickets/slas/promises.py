"""What a ticket is promised when it is opened, and when there is first something to say about it."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.tickets.slas import clock
from services.tickets.slas.agreements import Agreement
from services.tickets.slas.clock import Entry, Target, What
from shared.contracts.tickets import Priority

# The timer of a ticket. What happens at the due time is still in time, so it rings just after it.
ALARM: Final = "sla"
JUST_AFTER: Final = timedelta(microseconds=1)


def promise(agreement: Agreement, priority: Priority, at: datetime) -> dict[str, Any]:
    """The columns of a new ticket that depend on its policy."""
    terms = agreement.terms(priority)
    clocks = clock.current(clock.read([Entry(at, What.MOVED, "open")], terms, at))
    moments = [moment for one in clocks.values() for _, moment in (*one.warnings, (100, one.due_at)) if moment]
    policy_id, policy_version, calendar_id, calendar_version = agreement.pin
    times = {f"{target}_seconds": int(allowed.total_seconds()) for target, allowed in terms.allowances.items()}
    return {
        "policy_id": policy_id,
        "policy_version": policy_version,
        "calendar_id": calendar_id,
        "calendar_version": calendar_version,
        "first_response_due_at": clocks[Target.FIRST_RESPONSE].due_at,
        "resolution_due_at": clocks[Target.RESOLUTION].due_at,
        "alarm_at": min(moments) + JUST_AFTER,
        **times,
    }

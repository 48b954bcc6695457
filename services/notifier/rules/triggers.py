"""Which events rules can listen to, and with which actions: the first wall against loops."""

from typing import Final

from services.notifier.rules.schemas import Action, OpenTicket, PostToSlack, SendMessage
from services.notifier.templates.checking import check
from services.notifier.templates.kinds import KINDS
from shared.contracts.notifier import MessageFailed, WebhookEndpointDisabled
from shared.contracts.registry import registry, service_of
from shared.expressions.shapes import shape_of, unknown_field
from shared.http.errors import Unacceptable

# Of what the notifier itself tells, only these may start a rule, and only one that says nothing to a customer: a
# rule that answers its own messages would not end.
OWN_TRIGGERS: Final = frozenset({MessageFailed.TYPE, WebhookEndpointDisabled.TYPE})


# What needs no customer, and says nothing to one.
_TO_COLLEAGUES: Final = (OpenTicket, PostToSlack)


def triggers() -> list[str]:
    """Every event type that a rule can begin with."""
    return sorted(name for name in registry() if service_of(name) != "notifier" or name in OWN_TRIGGERS)


def check_trigger(event_type: str) -> None:
    if event_type not in triggers():
        known = event_type in registry()
        problem = f"Rules cannot begin with `{event_type}`." if known else f"There is no event `{event_type}`."
        detail = f"{problem} Rules can begin with: {', '.join(triggers())}."
        raise Unacceptable.field("/event_type", "unknown_event_type", detail)


def check_actions(event_type: str, actions: list[Action]) -> None:
    """Raises `Unacceptable` for an action that this event cannot supply with what it needs."""
    shape = shape_of(event_type)
    for position, action in enumerate(actions):
        pointer = f"/actions/{position}"
        if event_type in OWN_TRIGGERS and not isinstance(action, _TO_COLLEAGUES):
            detail = "A rule about Heed's own messages can only open a ticket or post to Slack."
            raise Unacceptable.field(pointer, "not_allowed", detail)
        if not isinstance(action, _TO_COLLEAGUES) and unknown_field(shape, ["customer_id"]) is not None:
            detail = f"{event_type} names no customer to reach."
            raise Unacceptable.field(pointer, "no_customer", detail)
        if isinstance(action, OpenTicket):
            check(action.subject, shape, pointer=f"{pointer}/subject")
        if isinstance(action, PostToSlack):
            check(action.text, shape, pointer=f"{pointer}/text")
        if isinstance(action, SendMessage) and KINDS[action.template].event_type != event_type:
            wanted = KINDS[action.template].event_type
            detail = f"The text `{action.template}` tells of {wanted}; it cannot be filled from {event_type}."
            raise Unacceptable.field(f"{pointer}/template", "wrong_event_type", detail)
        for index, canceller in enumerate(action.unless):
            if canceller not in registry():
                detail = f"There is no event `{canceller}`."
                raise Unacceptable.field(f"{pointer}/unless/{index}", "unknown_event_type", detail)

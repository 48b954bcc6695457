"""Every published event type, found by its name on the wire."""

from functools import cache
from importlib import import_module

from shared.contracts.base import Payload

OWNERS = ("gateway", "customers", "survey", "tickets", "metrics", "notifier")
# Not owners: events that belong together by what they are about, whoever sends them.
BY_SUBJECT = (
    *("subjects", "activities", "consent", "feedback", "hearing", "mail", "sources", "replies", "taxonomy", "problems"),
    "conversations",
)


class UnknownEventType(LookupError):
    """No contract describes this event type."""


@cache
def registry() -> dict[str, type[Payload]]:
    """Type name to payload class, for all owners. Two classes with one name are a programming error."""
    found: dict[str, type[Payload]] = {}
    for module in (*OWNERS, *BY_SUBJECT):
        for value in vars(import_module(f"shared.contracts.{module}")).values():
            if isinstance(value, type) and issubclass(value, Payload) and "TYPE" in vars(value):
                owners = OWNERS if module in BY_SUBJECT else (module,)
                if value.TYPE in found or service_of(value.TYPE) not in owners:
                    raise RuntimeError(f"{value.TYPE} is declared twice or by the wrong owner")
                found[value.TYPE] = value
    return found


def payload_class(event_type: str) -> type[Payload]:
    """Raises `UnknownEventType`."""
    try:
        return registry()[event_type]
    except KeyError:
        raise UnknownEventType(event_type) from None


def service_of(event_type: str) -> str:
    """`heed.tickets.ticket.opened.v1` belongs to `tickets`."""
    return event_type.split(".", 2)[1]

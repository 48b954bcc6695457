"""What templates there are, and what each can say: the fields of the event it tells of, the business, the customer."""

from dataclasses import dataclass
from typing import Any, Final

from shared.contracts.consent import SERVICE, SURVEYS
from shared.contracts.problems import ImprovementTold
from shared.contracts.survey import InvitationCreated, InvitationReminded
from shared.contracts.tickets import TicketOpened, TicketReplied, TicketResolved
from shared.expressions.shapes import Schema, shape_of

_TEXT: Final[Schema] = {"type": "string"}


@dataclass(frozen=True, slots=True)
class Kind:
    """`event_type` is the event whose fields are the variables; None for `message`, which brings its own text."""

    key: str
    event_type: str | None
    # RFC 3834: says to other programs that nobody typed this, so that they do not answer it.
    auto_submitted: str | None
    # What the customer must allow for it to be sent; see `shared.contracts.consent`.
    purpose: str

    @property
    def shape(self) -> Schema:
        """The variables, as a JSON Schema."""
        own: dict[str, Any] = {"subject": _TEXT, "text": _TEXT}
        if self.event_type is not None:
            own = shape_of(self.event_type)["properties"]
        people = {
            "business": {"type": "object", "properties": {"name": _TEXT}},
            "customer": {"type": "object", "properties": {"name": {"anyOf": [_TEXT, {"type": "null"}]}}},
            # Where the customer chooses what they get; null in what answers them, which is not stopped that way.
            "preferences_url": {"anyOf": [_TEXT, {"type": "null"}]},
        }
        return {"type": "object", "properties": own | people}


KINDS: Final = {
    kind.key: kind
    for kind in (
        Kind("invitation", InvitationCreated.TYPE, "auto-generated", SURVEYS),
        Kind("reminder", InvitationReminded.TYPE, "auto-generated", SURVEYS),
        Kind("acknowledgement", TicketOpened.TYPE, "auto-replied", SERVICE),
        Kind("reply", TicketReplied.TYPE, None, SERVICE),
        Kind("resolved", TicketResolved.TYPE, "auto-generated", SERVICE),
        # Goes to many at once, so it says how to get no more of its kind.
        Kind("improvement", ImprovementTold.TYPE, "auto-generated", SURVEYS),
        Kind("message", None, None, SERVICE),
    )
}

"""The states of a ticket and the ways between them."""

from typing import Final

from shared.contracts.tickets import TicketState
from shared.http.errors import Conflict

_WAYS: Final[dict[TicketState, frozenset[TicketState]]] = {
    "open": frozenset({"pending", "resolved"}),
    "pending": frozenset({"open", "resolved"}),
    "resolved": frozenset({"open", "closed"}),
    "closed": frozenset(),
}


class TicketClosed(Conflict):
    """This ticket is closed for good. Open a new one."""

    code = "ticket_closed"


class NoWayThere(Conflict):
    """A ticket in this state cannot go to that one."""

    code = "no_way_there"


def check_way(state: TicketState, to: TicketState) -> None:
    """Raises `TicketClosed` or `NoWayThere`. To stay is always possible."""
    if state == to or to in _WAYS[state]:
        return
    if state == "closed":
        raise TicketClosed
    ways = " or ".join(sorted(_WAYS[state]))
    raise NoWayThere(f"A ticket that is {state} can only become {ways}, not {to}.")

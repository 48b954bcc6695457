"""The types of state that a ticket can be in, and the ways between them. What an account calls them: `statuses`."""

from typing import Final

from shared.contracts.tickets import TicketState
from shared.http.errors import Conflict

# Somebody still has work with it. The literal also stands in two indexes and in the statement that opens tickets.
ACTIVE: Final[tuple[TicketState, ...]] = ("new", "open", "pending", "on_hold")
DONE: Final[tuple[TicketState, ...]] = ("resolved", "closed")

# Nobody goes back to new. What leads to merged is merging, which is more than a change of state.
_WAYS: Final[dict[TicketState, frozenset[TicketState]]] = {
    "new": frozenset({"open", "pending", "on_hold", "resolved"}),
    "open": frozenset({"pending", "on_hold", "resolved"}),
    "pending": frozenset({"open", "on_hold", "resolved"}),
    "on_hold": frozenset({"open", "pending", "resolved"}),
    "resolved": frozenset({"open", "closed"}),
    "closed": frozenset(),
    "merged": frozenset(),
}


class TicketClosed(Conflict):
    """This ticket is closed for good. Open a new one."""

    code = "ticket_closed"


class TicketMerged(Conflict):
    """This ticket was merged into another one and goes on there; see its `merged_into_id`."""

    code = "ticket_merged"


class NoWayThere(Conflict):
    """A ticket in this state cannot go to that one."""

    code = "no_way_there"


def check_way(state: TicketState, to: TicketState) -> None:
    """Raises `TicketClosed`, `TicketMerged` or `NoWayThere`. To stay is always possible."""
    if state == to or to in _WAYS[state]:
        return
    check_not_over(state)
    ways = " or ".join(sorted(_WAYS[state]))
    raise NoWayThere(f"A ticket that is {state} can only become {ways}, not {to}.")


def check_not_over(state: TicketState) -> None:
    """Raises `TicketClosed` or `TicketMerged` where nothing is changed any more."""
    if state == "closed":
        raise TicketClosed
    if state == "merged":
        raise TicketMerged

"""Which state leads to which."""

import pytest

from services.tickets.cases.states import NoWayThere, TicketClosed, TicketMerged, check_way
from shared.contracts.tickets import TicketState


class TestWays:
    @pytest.mark.parametrize(
        ("state", "to"),
        [
            ("open", "pending"),
            ("pending", "open"),
            ("open", "resolved"),
            ("pending", "resolved"),
            ("resolved", "open"),
            ("resolved", "closed"),
            ("closed", "closed"),
            ("merged", "merged"),
            ("new", "open"),
            ("new", "resolved"),
            ("open", "on_hold"),
            ("on_hold", "pending"),
            ("pending", "on_hold"),
            ("on_hold", "resolved"),
        ],
    )
    def test_that_exist(self, state: TicketState, to: TicketState) -> None:
        check_way(state, to)

    @pytest.mark.parametrize(
        ("state", "to"),
        [
            ("open", "closed"),
            ("pending", "closed"),
            ("on_hold", "closed"),
            ("resolved", "pending"),
            ("open", "new"),
            ("open", "merged"),
            ("resolved", "merged"),
        ],
    )
    def test_that_do_not_exist(self, state: TicketState, to: TicketState) -> None:
        with pytest.raises(NoWayThere, match=f"cannot|can only become .*, not {to}"):
            check_way(state, to)

    @pytest.mark.parametrize("to", ["open", "pending", "resolved"])
    def test_lead_nowhere_from_closed(self, to: TicketState) -> None:
        with pytest.raises(TicketClosed):
            check_way("closed", to)

    @pytest.mark.parametrize("to", ["open", "resolved", "closed"])
    def test_lead_nowhere_from_merged(self, to: TicketState) -> None:
        with pytest.raises(TicketMerged):
            check_way("merged", to)

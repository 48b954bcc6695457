"""Which state leads to which."""

import pytest

from services.tickets.cases.states import NoWayThere, TicketClosed, check_way
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
        ],
    )
    def test_that_exist(self, state: TicketState, to: TicketState) -> None:
        check_way(state, to)

    @pytest.mark.parametrize(("state", "to"), [("open", "closed"), ("pending", "closed"), ("resolved", "pending")])
    def test_that_do_not_exist(self, state: TicketState, to: TicketState) -> None:
        with pytest.raises(NoWayThere, match=f"cannot|can only become .*, not {to}"):
            check_way(state, to)

    @pytest.mark.parametrize("to", ["open", "pending", "resolved"])
    def test_lead_nowhere_from_closed(self, to: TicketState) -> None:
        with pytest.raises(TicketClosed):
            check_way("closed", to)

"""Addresses that carry a signature."""

import pytest

from shared.auth.addresses import AddressSigner
from shared.ids import new_id

SIGNER = AddressSigner(b"k" * 32)


def test_says_what_it_names_in_any_spelling_that_mail_programs_make_of_it() -> None:
    account, ticket = new_id(), new_id()
    address = SIGNER.address("support@example.com", "t", account, ticket)
    assert len(address.partition("@")[0]) <= 64
    for written in (
        address,
        address.upper(),
        f"Support <{address}>",
        f"<{SIGNER.token('t', account, ticket)}@x.example>",
    ):
        assert SIGNER.read(written, "t", account) == ticket


def test_names_nothing_for_another_account_or_purpose_or_key() -> None:
    account, ticket = new_id(), new_id()
    address = SIGNER.address("support@example.com", "t", account, ticket)
    assert SIGNER.read(address, "t", new_id()) is None
    assert SIGNER.read(address, "b", account) is None
    assert SIGNER.read(address.replace("+t.", "+b."), "b", account) is None
    assert AddressSigner(b"l" * 32).read(address, "t", account) is None


@pytest.mark.parametrize("place", range(10, 52))
def test_no_character_of_it_can_be_another(place: int) -> None:
    account = new_id()
    address = SIGNER.address("support@example.com", "t", account, new_id())
    other = "b" if address[place] == "a" else "a"
    assert SIGNER.read(address[:place] + other + address[place + 1 :], "t", account) is None


@pytest.mark.parametrize("written", ["", "support@example.com", "support+t.@example.com", "t." + "a" * 42, "t.1é"])
def test_what_is_no_token(written: str) -> None:
    assert SIGNER.read(written, "t", new_id()) is None

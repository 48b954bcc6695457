"""What counts as the same e-mail, phone or key."""

import subprocess
import sys

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.customers.records.identities import (
    IdentityKind,
    normal_email,
    normal_external_id,
    normal_phone,
    usable,
)

DOMAINS = (
    "Example.com", "example", "localhost", "xn--bcher-kva.example.com", "bücher.example.com", "a..example.com",
    "-a.example.com", "x_y.example.com", "[127.0.0.1]", "example.com.", "a" * 64 + ".com", "ab." * 62 + "com",
)  # fmt: skip


class TestEmails:
    @pytest.mark.parametrize("written", ["ana@example.com", "Ana@Example.COM", "  ana@example.com "])
    def test_are_the_same_in_any_case(self, written: str) -> None:
        assert normal_email(written) == "ana@example.com"

    @pytest.mark.parametrize(
        "written", ["ana", "ana@", "@example.com", "a b@example.com", "ana@example", "ana@localhost"]
    )
    def test_that_nobody_can_have_are_refused(self, written: str) -> None:
        with pytest.raises(ValueError):
            normal_email(written)

    def test_in_other_alphabets_are_taken(self) -> None:
        assert normal_email("Zoë@bücher.example.com") == "zoë@bücher.example.com"

    @given(local=st.text(alphabet="abZ09.+-_'!\"()<@ üß\n\x00", max_size=70), domain=st.sampled_from(DOMAINS))
    @example(local="a" * 64, domain="example.com")
    @example(local="a" * 65, domain="example.com")
    @example(local="a" * 64, domain="ab." * 64 + "com")
    @settings(max_examples=50)
    def test_are_read_alike_the_short_way_and_the_long(self, local: str, domain: str) -> None:
        written = f"{local}@{domain}".strip()
        try:
            expected = validate_email(written, check_deliverability=False).normalized.lower()
        except EmailNotValidError:
            with pytest.raises(ValueError):
                normal_email(written)
        else:
            assert normal_email(written) == expected


class TestPhones:
    @pytest.mark.parametrize("written", ["+351912345678", "+351 912 345 678", "+351-912-345-678"])
    def test_are_stored_in_one_form(self, written: str) -> None:
        assert normal_phone(written) == "+351912345678"

    def test_without_a_country_are_refused_with_an_example(self) -> None:
        with pytest.raises(ValueError, match=r"\+351912345678"):
            normal_phone("912345678")

    def test_that_are_too_short_are_refused(self) -> None:
        with pytest.raises(ValueError, match="too short"):
            normal_phone("+351 12")

    @pytest.mark.parametrize("written", ["+4912", "+49110", "+49301", "+112"])
    def test_that_many_people_call_are_nobodys(self, written: str) -> None:
        with pytest.raises(ValueError):
            normal_phone(written)

    @pytest.mark.parametrize("written", ["+15005550006", "+4930123456", "+441632960961", "+6834000"])
    def test_that_are_short_or_of_no_known_range_are_taken(self, written: str) -> None:
        assert normal_phone(written) == written

    def test_cost_nothing_until_one_is_seen(self) -> None:
        code = "import sys, services.customers.app; sys.exit('phonenumbers' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestExternalIds:
    def test_lose_blanks_around_them_and_nothing_else(self) -> None:
        assert normal_external_id(" CRM-17 ") == "CRM-17"

    @pytest.mark.parametrize("written", ["", "   ", "x" * 201])
    def test_that_are_empty_or_endless_are_refused(self, written: str) -> None:
        with pytest.raises(ValueError):
            normal_external_id(written)


class TestWhatOthersSaid:
    def test_is_used_as_far_as_it_can_be_read(self) -> None:
        stated = {IdentityKind.EXTERNAL_ID: None, IdentityKind.EMAIL: "nonsense", IdentityKind.PHONE: "+351 912345678"}
        assert usable(stated) == {IdentityKind.PHONE: "+351912345678"}

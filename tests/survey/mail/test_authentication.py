"""Who is believed to be who they say."""

import pytest

from services.survey.mail.authentication import by_results, is_aligned, is_authentic
from services.survey.mail.parsing import parse_mail


@pytest.mark.parametrize(
    ("domain", "other", "aligned"),
    [
        ("example.com", "example.com", True),
        ("example.com", "mail.Example.com.", True),
        ("mail.example.com", "example.com", True),
        ("example.com", "notexample.com", False),
        ("example.com", "com", False),
        ("example.com", "", False),
    ],
)
def test_alignment(domain: str, other: str, *, aligned: bool) -> None:
    assert is_aligned(domain, other) is aligned


@pytest.mark.parametrize(
    ("spf", "envelope_from", "dkim", "authentic"),
    [
        ("pass", "bounces@mail.example.com", [], True),
        ("pass", "anybody@other.example", [], False),
        ("softfail", "ana@example.com", [], False),
        (None, None, ["example.com"], True),
        ("fail", "x@y.example", ["y.example"], False),
        (None, None, [], False),
    ],
)
def test_what_passed_must_be_the_authors_domain(
    spf: str | None, envelope_from: str | None, dkim: list[str], *, authentic: bool
) -> None:
    assert is_authentic("ana@example.com", spf=spf, envelope_from=envelope_from, dkim=dkim) is authentic


@pytest.mark.parametrize(
    ("results", "authentic"),
    [
        ("mx.example.net; dmarc=pass header.from=example.com", True),
        ("mx.example.net; dkim=pass header.d=example.com; spf=fail", True),
        ("mx.example.net; dkim=pass header.i=@mail.example.com", True),
        ("mx.example.net; spf=pass smtp.mailfrom=bounce@example.com", True),
        ("mx.example.net; dkim=pass header.d=evil.example", False),
        ("mx.example.net; dkim=fail header.d=example.com", False),
        ("mx.example.net; none", False),
        # Only the topmost counts, and only of the server that is asked.
        ("mx.example.net; none\r\nAuthentication-Results: mx.example.net; dmarc=pass", False),
        ("evil.example; dmarc=pass", False),
    ],
)
def test_the_word_of_the_server_that_received_it(results: str, *, authentic: bool) -> None:
    letter = parse_mail(f"Authentication-Results: {results}\r\nFrom: ana@example.com\r\n\r\nhello".encode())
    assert by_results(letter, "mx.example.net") is authentic

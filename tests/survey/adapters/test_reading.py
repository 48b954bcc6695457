"""Bytes of strangers: what is read of them, and that nothing but `Unreadable` comes of the rest."""

from datetime import UTC, datetime

import pytest

from services.survey.adapters.base import Unreadable
from services.survey.adapters.markup import plain_text
from services.survey.adapters.reading import Amount, Currency, Id, Instant, Maybe, Sent, form_of, json_of, read


class Order(Sent):
    id: Id
    at: Instant | None = None
    email: Maybe = None
    total: Amount | None = None
    currency: Currency = "EUR"


def test_numbers_and_texts_are_read_alike() -> None:
    order = read(
        Order,
        b'{"id": 820982911946154508, "at": "2026-05-01T10:00:00.123456789+02:00", "email": " ", "total": "409.94"}',
    )
    assert (order.id, order.email, str(order.total)) == ("820982911946154508", None, "409.94")
    assert order.at == datetime(2026, 5, 1, 8, 0, 0, 123456, UTC)


def test_a_time_without_a_zone_is_utc() -> None:
    assert read(Order, b'{"id": "1", "at": "2026-05-01T10:00:00"}').at == datetime(2026, 5, 1, 10, tzinfo=UTC)


def test_what_cannot_be_stored_is_taken_out() -> None:
    assert json_of(b'{"a\\u0000": ["x\\u0000y", "half \\ud83d"], "b": "\\\\u0000"}') == {
        "a": ["xy", "half ?"],
        "b": "\\u0000",
    }


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"\xff\xfe", "not JSON"),
        (b"9" * 10_000, "not JSON"),
        (b"[]", "The body"),
        (b"{}", "id: Field required."),
        (b'{"id": {"no": "text"}}', "id: "),
        (b'{"id": "1", "total": 1e300}', "total: "),
        (b'{"id": "1", "total": "NaN"}', "total: "),
        (b'{"id": "1", "currency": "euro"}', "currency: "),
        (b'{"id": "1", "at": "9999-12-31T23:59:59-23:00"}', "at: Value error, lies outside the calendar."),
    ],
)
def test_what_cannot_be_read_is_said_by_its_place(body: bytes, told: str) -> None:
    with pytest.raises(Unreadable, match=told):
        read(Order, body)


def test_a_form_keeps_blanks_and_repeats() -> None:
    assert form_of(b"a=1&b=&a=%C3%A9+") == [("a", "1"), ("b", ""), ("a", "é ")]
    with pytest.raises(Unreadable):
        form_of(b"&".join([b"a=1"] * 1_001))


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>Great <b>shoes</b>!</p>\n<p>Fit&nbsp;well &amp; look good</p>", "Great shoes!\nFit well & look good"),
        ("I <3 it, 5 < 6", "I <3 it, 5 < 6"),
        ("a<script>steal()</script><!-- <p> -->b<br>c", "a b\nc"),
        ("", ""),
    ],
)
def test_markup_is_read_as_text(markup: str, text: str) -> None:
    assert plain_text(markup) == text


@pytest.mark.timeout(20)
@pytest.mark.parametrize("piece", ["<!--", "<", "</", "<script>", "<a b='", "<" + "a" * 1_000, "\n "])
def test_no_markup_takes_long(piece: str) -> None:
    """The standard library's parser takes a minute for the first of these."""
    assert isinstance(plain_text(piece * (200_000 // len(piece))), str)

"""A mail as it was read, whoever handed it over: a provider's fields or the bytes that travelled."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import getaddresses, parsedate_to_datetime
from typing import Final

# RFC 5322, 2.1.1 allows 998 characters in a line; what is longer than this was not written by a mail program.
LONGEST_HEADER: Final = 20_000
_MOST_ADDRESSES: Final = 100
_MOST_REFERENCES: Final = 50
_MESSAGE_ID: Final = re.compile(r"<([^<>\s]{1,250})>")
_ADDRESS: Final = re.compile(r"[^\s@<>\"(),;:\\]{1,64}@[^\s@<>\"(),;:\\]{1,255}")
_BLANKS: Final = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Person:
    """`email` in lower case."""

    email: str
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """`media_type` as the sender calls it; `content` None if it could not be decoded."""

    name: str
    media_type: str
    content: bytes | None


@dataclass(frozen=True, slots=True)
class Report:
    """RFC 3464 or RFC 5965: what became of a mail of ours. `message_id` is that mail's."""

    kind: str
    message_id: str | None = None
    recipient: str | None = None
    status: str | None = None
    action: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """`headers` as they came, unfolded, names in lower case. `envelope_to` are the addresses it was delivered to,
    `envelope_from` where a bounce would go: empty if nowhere, None if unknown. `enclosed` are the ids of mails that are
    attached to it. `authentic`: its sender is who it says (SPF or DKIM, aligned with the From address)."""

    headers: Sequence[tuple[str, str]]
    text: str | None = None
    html: str | None = None
    attachments: Sequence[Attachment] = ()
    envelope_to: Sequence[str] = ()
    envelope_from: str | None = None
    authentic: bool = False
    report: Report | None = None
    enclosed: Sequence[str] = field(default=())

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def only(self, name: str) -> str | None:
        """Of a header that the receiving server adds: if it is there twice, one of them is the sender's."""
        found = self.all(name)
        return found[0] if len(found) == 1 else None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def subject(self) -> str | None:
        return decoded(self.header("subject") or "") or None

    @property
    def message_id(self) -> str | None:
        return next(iter(ids_in(self.header("message-id"))), None)

    @property
    def references(self) -> tuple[str, ...]:
        """The oldest first; the mail that it answers last (RFC 5322, 3.6.4)."""
        named = [*ids_in(self.header("references")), *ids_in(self.header("in-reply-to"))]
        latest_last = list(dict.fromkeys(reversed(named)))[::-1]
        # The first began the conversation, the last are the nearest.
        return tuple(latest_last[:1] + latest_last[1:][-_MOST_REFERENCES:])

    @property
    def sender(self) -> Person | None:
        return next(iter(people_in(self.header("from"))), None)

    def people(self, *names: str) -> list[Person]:
        return [person for name in names for value in self.all(name) for person in people_in(value)]

    @property
    def recipients(self) -> tuple[str, ...]:
        """All addresses it was sent to, whichever header or envelope says so."""
        told = self.people("to", "cc", "delivered-to", "x-original-to", "x-forwarded-to", "resent-to")
        return tuple(dict.fromkeys([*(each.lower() for each in self.envelope_to), *(each.email for each in told)]))

    @property
    def date(self) -> datetime | None:
        try:
            moment = parsedate_to_datetime(self.header("date") or "")
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        return moment if moment.tzinfo else None


def headers_of(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Names in lower case, values without folds and of a length that can be read."""
    return [(name.strip().lower(), _BLANKS.sub(" ", value[:LONGEST_HEADER]).strip()) for name, value in pairs]


def decoded(value: str) -> str:
    """RFC 2047: `=?utf-8?q?Gr=C3=BC=C3=9Fe?=` → `Grüße`. What cannot be decoded stays as it is."""
    if "=?" not in value:
        return value
    try:
        return _BLANKS.sub(" ", str(make_header(decode_header(value)))).strip()
    except (HeaderParseError, ValueError, LookupError, TypeError, AttributeError):
        return value


def ids_in(value: str | None) -> list[str]:
    return _MESSAGE_ID.findall(value[:LONGEST_HEADER]) if value else []


def people_in(value: str | None) -> list[Person]:
    if not value:
        return []
    try:
        # Split before decoding: a decoded name may hold a comma.
        found = getaddresses([value[:LONGEST_HEADER]])
    except (ValueError, TypeError, IndexError, AttributeError):
        return []
    people = [(decoded(name).strip() or None, email.strip()) for name, email in found[:_MOST_ADDRESSES]]
    return [Person(email.lower(), name[:200] if name else None) for name, email in people if _ADDRESS.fullmatch(email)]


def domain_of(address: str) -> str:
    return address.rpartition("@")[2].rstrip(".").lower()

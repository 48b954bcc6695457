"""A mailbox of any provider, read over IMAP (RFC 9051, RFC 3501) with TLS.

Messages are counted by UID: the cursor is the mailbox's UIDVALIDITY and the highest UID that was read. Nothing is
marked, moved or deleted unless the source says so.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Literal

from pydantic import Field

from services.survey.adapters.base import (
    AccessDenied,
    Capabilities,
    Connection,
    Platform,
    PlatformDown,
    Poll,
    Polled,
    Unreadable,
)
from services.survey.hearing.canonical import Item
from services.survey.mail.authentication import by_results
from services.survey.mail.items import items_of
from services.survey.mail.letter import Letter
from services.survey.mail.parsing import LARGEST, headers_in, parse_mail
from services.survey.mail.source import MailSettings
from shared.http.schemas import Model

SECONDS: Final = 30.0
# Of one poll; what is left is fetched at once after it.
MOST_MAILS: Final = 25
MOST_BYTES: Final = LARGEST
_NUMBER: Final = re.compile(rb"\d+")
_SIZE: Final = re.compile(rb"UID (\d+).*?RFC822\.SIZE (\d+)|RFC822\.SIZE (\d+).*?UID (\d+)")
_DAY: Final = timedelta(days=1)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class IMAPSettings(MailSettings):
    host: str = Field(
        pattern=r"^[A-Za-z0-9.-]{1,253}$",
        description="The IMAP server of your mail provider, such as imap.example.com.",
    )
    port: int = Field(993, ge=1, le=65_535, description="993, for TLS from the first byte; others are rare.")
    user_name: str = Field(min_length=1, max_length=320, description="What you sign in with there; mostly the address.")
    folder: str = Field(
        "INBOX", min_length=1, max_length=200, pattern=r"^[ -!#-\[\]-~]+$", description="The folder that is read."
    )
    past_days: int = Field(0, ge=0, le=365, description="How many days of older mail are read when it is connected.")
    when_read: Literal["leave", "mark_seen", "delete"] = Field(
        "leave", description="What becomes of a mail in the mailbox when it has been read."
    )
    authserv_id: str | None = Field(
        None,
        max_length=253,
        description="The name with which your provider's server begins `Authentication-Results`, such as "
        "mx.google.com. Without it the topmost such header is believed.",
    )


class IMAPSecrets(Model):
    password: str = Field(
        min_length=1,
        max_length=500,
        description="Where your provider asks for two factors: a password for one application.",
    )


class _Connection(imaplib.IMAP4_SSL):
    """To an address that was checked, with the certificate of the host's name."""

    def __init__(self, address: str, host: str, port: int, context: ssl.SSLContext) -> None:
        self._address = address
        super().__init__(host, port, ssl_context=context, timeout=SECONDS)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        plain = socket.create_connection((self._address, self.port), timeout)
        context: ssl.SSLContext = self.ssl_context
        return context.wrap_socket(plain, server_hostname=self.host)


@dataclass(frozen=True, slots=True)
class _Batch:
    """`mails` with whether they are whole: of those that are too large only the headers are."""

    mails: Sequence[tuple[bytes, bool]]
    cursor: dict[str, Any]
    more: bool


class IMAP(Poll):
    """`context` decides which certificates are believed; None: those that the system believes."""

    name: ClassVar = "imap"
    title: ClassVar = "Mailbox (IMAP)"
    capabilities: ClassVar = Capabilities(push=False, poll=True, edits=False, look_back=timedelta(days=365))
    settings: ClassVar[type[Model]] = IMAPSettings
    secrets: ClassVar[type[Model]] = IMAPSecrets
    setup: ClassVar = (
        "At the mail provider, switch IMAP on for the mailbox.",
        "Make a password for one application there if signing in takes two factors, and enter it here.",
        "Enter the server, such as imap.example.com, and the mailbox's user name. It is read every two minutes, and "
        "nothing in it is changed unless you say so in `when_read`.",
    )
    every: ClassVar = timedelta(minutes=2)

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self._context = context

    def asks(self, settings: IMAPSettings) -> Mapping[str, str]:
        return {"host": f"https://{settings.host}"}

    async def poll(
        self, connection: Connection, platform: Platform, cursor: Mapping[str, Any], now: datetime
    ) -> Polled:
        settings: IMAPSettings = connection.settings
        address = await platform.resolve(settings.host)
        read = await asyncio.to_thread(self._read, address, connection, cursor, now)
        items = [item for raw, is_whole in read.mails for item in _items(raw, settings, now, is_whole=is_whole)]
        return Polled(items, read.cursor, more=read.more)

    def _read(self, address: str, connection: Connection, cursor: Mapping[str, Any], now: datetime) -> _Batch:
        settings: IMAPSettings = connection.settings
        context = self._context or ssl.create_default_context()
        try:
            server = _Connection(address, settings.host, settings.port, context)
            try:
                _sign_in(server, settings.user_name, connection.secrets.password)
                return _fetch(server, settings, cursor, now)
            finally:
                _leave(server)
        except (OSError, imaplib.IMAP4.error, imaplib.IMAP4.abort, ValueError) as problem:
            raise PlatformDown(f"the mail server could not be read ({type(problem).__name__})") from None


def _sign_in(server: imaplib.IMAP4, user_name: str, password: str) -> None:
    try:
        server.login(user_name, password)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        raise AccessDenied("the mail server does not accept the user name and password") from None


def _leave(server: imaplib.IMAP4) -> None:
    # What was to be read has been read.
    with suppress(OSError, imaplib.IMAP4.error):
        server.logout()


def _fetch(server: imaplib.IMAP4, settings: IMAPSettings, cursor: Mapping[str, Any], now: datetime) -> _Batch:
    folder = f'"{settings.folder}"'
    _done(server.select(folder, readonly=settings.when_read == "leave"), f"there is no folder {settings.folder}")
    validity = _number(server.response("UIDVALIDITY")[1])
    if cursor.get("validity") == validity:
        start = int(cursor["uid"])
        # What was read the last time is marked only now: had it been lost on the way, it would still be there.
        _tidy(server, settings, cursor.get("read", []))
    else:
        start = _start(server, settings, cursor, now)
    # `n:*` always names the last one, even if that is older.
    chosen, more = _sizes(server, [uid for uid in _search(server, f"UID {start + 1}:*") if uid > start])
    mails = [(_content(server, uid, is_whole=is_whole), is_whole) for uid, is_whole in chosen]
    uids = [uid for uid, _ in chosen]
    kept = {"validity": validity, "uid": max(uids, default=start), "at": now.isoformat()}
    if settings.when_read != "leave":
        kept["read"] = uids
    return _Batch(mails, kept, more)


def _start(server: imaplib.IMAP4, settings: IMAPSettings, cursor: Mapping[str, Any], now: datetime) -> int:
    """After which UID to read, in a mailbox seen for the first time or made anew, where UIDs mean other mails."""
    if "at" in cursor:
        since = datetime.fromisoformat(cursor["at"]) - _DAY
    else:
        since = now.astimezone(UTC) - timedelta(days=settings.past_days)
    if "at" in cursor or settings.past_days:
        # SINCE knows days, in whatever zone the server lives.
        found = _search(server, f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}")
        if found:
            return min(found) - 1
    return max(_search(server, "ALL"), default=0)


def _search(server: imaplib.IMAP4, criterion: str) -> list[int]:
    answer = _done(server.uid("SEARCH", criterion), "the search was refused")
    return sorted(int(found) for line in answer if isinstance(line, bytes) for found in _NUMBER.findall(line))


def _sizes(server: imaplib.IMAP4, uids: Sequence[int]) -> tuple[list[tuple[int, bool]], bool]:
    """Of these the first that fit into one poll, and whether there are more. What fits into none is not read whole."""
    if not uids:
        return [], False
    wanted = uids[:MOST_MAILS]
    answer = _done(server.uid("FETCH", ",".join(map(str, wanted)), "(UID RFC822.SIZE)"), "the sizes were refused")
    sizes: dict[int, int] = {}
    for line in answer:
        if isinstance(line, bytes) and (found := _SIZE.search(line)):
            uid, size = (found[1], found[2]) if found[1] else (found[4], found[3])
            sizes[int(uid)] = int(size)
    chosen: list[tuple[int, bool]] = []
    total = 0
    for uid in wanted:
        size = sizes.get(uid, 0)
        is_whole = size <= LARGEST
        if chosen and is_whole and total + size > MOST_BYTES:
            return chosen, True
        total += size if is_whole else 0
        chosen.append((uid, is_whole))
    return chosen, len(uids) > len(wanted)


def _content(server: imaplib.IMAP4, uid: int, *, is_whole: bool) -> bytes:
    """PEEK leaves it unread. Empty for one that was deleted in the meantime."""
    wanted = "(BODY.PEEK[])" if is_whole else "(BODY.PEEK[HEADER])"
    answer = _done(server.uid("FETCH", str(uid), wanted), "the mail was refused")
    return next((bytes(part[1]) for part in answer if isinstance(part, tuple)), b"")


def _tidy(server: imaplib.IMAP4, settings: IMAPSettings, uids: Sequence[int]) -> None:
    if not uids or settings.when_read == "leave":
        return
    flag = r"(\Seen)" if settings.when_read == "mark_seen" else r"(\Seen \Deleted)"
    server.uid("STORE", ",".join(map(str, uids)), "+FLAGS.SILENT", flag)
    if settings.when_read == "delete":
        # RFC 4315: only these, and not what somebody else has marked.
        server.uid("EXPUNGE", ",".join(map(str, uids)))


def _done(answer: tuple[str, list[Any]], refusal: str) -> list[Any]:
    if answer[0] != "OK":
        raise PlatformDown(refusal)
    return answer[1]


def _number(lines: Sequence[Any] | None) -> int:
    found = next((_NUMBER.search(line) for line in lines or [] if isinstance(line, bytes)), None)
    return int(found[0]) if found else 0


def _items(raw: bytes, settings: IMAPSettings, now: datetime, *, is_whole: bool) -> list[Item]:
    """Of a mail that cannot be read what its headers say; one without an author is nobody's, and left out."""
    if not raw:
        return []
    try:
        letter = parse_mail(raw)
    except Unreadable:
        letter = Letter(headers=headers_in(raw[:100_000].decode("utf-8", "replace").partition("\r\n\r\n")[0]))
    if not is_whole:
        letter = replace(letter, text=None, html=None, attachments=())
    try:
        letter = replace(letter, authentic=by_results(letter, settings.authserv_id))
        return items_of(letter, received_at=now, own=settings.addresses)
    except Unreadable:
        return []

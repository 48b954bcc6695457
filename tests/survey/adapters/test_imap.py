"""A mailbox, read from a server that speaks IMAP over TLS as far as it takes."""

import re
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

import pytest

from services.survey.adapters.base import AccessDenied, Connection, Platform, PlatformDown, Polled
from services.survey.adapters.imap import IMAP, MOST_MAILS, IMAPSecrets, IMAPSettings
from services.survey.hearing.canonical import FeedbackItem
from tests.survey.adapters.broken import NOW
from tests.survey.adapters.certificates import certificate_for

HOST = "imap.test"


class Server(threading.Thread):
    """`mails` by UID. `said` is what clients asked for, without tags."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(daemon=True)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.mails: dict[int, bytes] = {}
        self.validity = 7
        self.said: list[str] = []
        self.largest: dict[int, int] = {}
        self.start()

    def run(self) -> None:
        with suppress(OSError):
            while True:
                plain, _ = self._listener.accept()
                with suppress(OSError), self._context.wrap_socket(plain, server_side=True) as connection:
                    self._serve(connection)

    def close(self) -> None:
        # A thread that waits in accept() holds on to the socket: closing alone would wake nobody.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def add(self, number: int, subject: str = "Hello") -> None:
        head = f"From: Ana <ana@example.com>\r\nTo: support@shop.example\r\nMessage-ID: <{number}@x>\r\n"
        verdict = "Authentication-Results: mx.test; dkim=pass header.d=example.com\r\n"
        self.mails[number] = f"{verdict}{head}Subject: {subject}\r\n\r\nMail {number}\r\n".encode()

    def _serve(self, connection: ssl.SSLSocket) -> None:
        reader = connection.makefile("rb")
        connection.sendall(b"* OK [CAPABILITY IMAP4rev1] ready\r\n")
        for line in reader:
            tag, _, command = line.decode().strip().partition(" ")
            self.said.append(command)
            answer, status = self._answer(command)
            connection.sendall(answer + f"{tag} {status} .\r\n".encode())
            if command == "LOGOUT":
                return

    def _answer(self, command: str) -> tuple[bytes, str]:
        words = command.split(" ")
        match words[0] if words[0] != "UID" else f"UID {words[1]}":
            case "CAPABILITY":
                return b"* CAPABILITY IMAP4rev1\r\n", "OK"
            case "LOGIN":
                return (b"", "OK") if command.endswith('"right"') else (b"", "NO [AUTHENTICATIONFAILED] no")
            case "SELECT" | "EXAMINE" if '"INBOX"' not in command:
                return b"", "NO there is no such folder"
            case "SELECT" | "EXAMINE":
                return f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}]\r\n".encode(), "OK"
            case "UID SEARCH":
                return f"* SEARCH {' '.join(map(str, self._found(command)))}\r\n".encode(), "OK"
            case "UID FETCH":
                return self._fetched(words[2], command), "OK"
            case "UID EXPUNGE":
                for number in words[2].split(","):
                    self.mails.pop(int(number), None)
        return b"", "OK"

    def _found(self, command: str) -> list[int]:
        numbers = sorted(self.mails)
        if not (after := re.search(r"UID (\d+):\*", command)):
            return numbers
        # RFC 3501, 6.4.8: `*` is always there.
        return [number for number in numbers if number >= int(after[1])] or numbers[-1:]

    def _fetched(self, numbers: str, command: str) -> bytes:
        answer = b""
        for place, number in enumerate(map(int, numbers.split(",")), 1):
            content = self.mails[number]
            if "RFC822.SIZE" in command:
                answer += b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (
                    place, number, self.largest.get(number, len(content)))  # fmt: skip
            else:
                content = content.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if "HEADER" in command else content
                answer += b"* %d FETCH (UID %d BODY[] {%d}\r\n%b)\r\n" % (place, number, len(content), content)
        return answer


class Resolver:
    """The part of a platform that IMAP needs."""

    def __init__(self, address: str | None = "127.0.0.1") -> None:
        self._address = address

    async def resolve(self, host: str) -> str:
        assert host == HOST
        if self._address is None:
            raise PlatformDown("it may not be reached")
        return self._address


class Mailbox:
    def __init__(self, server: Server, adapter: IMAP) -> None:
        self.server, self.adapter = server, adapter
        self.settings: dict[str, Any] = {
            "addresses": ["support@shop.example"], "host": HOST, "port": server.port, "user_name": "support",
        }  # fmt: skip
        self.password = "right"
        self.cursor: dict[str, Any] = {}
        self.platform = Resolver()

    async def poll(self, *, later: timedelta = timedelta()) -> Polled:
        settings, secrets = IMAPSettings(**self.settings), IMAPSecrets(password=self.password)
        connection = Connection(uuid4(), uuid4(), settings, secrets, "https://heed.example/hooks/x")
        polled = await self.adapter.poll(connection, cast(Platform, self.platform), self.cursor, NOW + later)
        self.cursor = polled.cursor
        return polled

    async def texts(self) -> list[str | None]:
        return [item.text for item in (await self.poll()).items if isinstance(item, FeedbackItem)]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return certificate_for(HOST, tmp_path_factory.mktemp("tls"))


@pytest.fixture
def mailbox(certificate: tuple[str, str]) -> Iterator[Mailbox]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    server = Server(context)
    yield Mailbox(server, IMAP(ssl.create_default_context(cafile=certificate[0])))
    server.close()


async def test_reads_what_comes_after_it_was_connected_and_touches_nothing(mailbox: Mailbox) -> None:
    mailbox.server.add(3, "an old one")
    assert await mailbox.texts() == []
    mailbox.server.add(4)
    mailbox.server.add(9)
    assert await mailbox.texts() == ["Mail 4", "Mail 9"]
    assert await mailbox.texts() == []
    assert not any(re.search("STORE|EXPUNGE|SELECT|BODY\\[", command) for command in mailbox.server.said)


async def test_what_it_reads_is_a_mail_like_any_other(mailbox: Mailbox) -> None:
    mailbox.settings["past_days"] = 3
    mailbox.server.add(3)
    [item] = (await mailbox.poll()).items
    assert isinstance(item, FeedbackItem)
    assert (item.title, item.author.email, item.author.verified) == ("Hello", "ana@example.com", True)
    mailbox.settings["authserv_id"] = "mx.other"
    mailbox.cursor = {}
    [item] = (await mailbox.poll()).items
    assert isinstance(item, FeedbackItem)
    assert item.author.verified is False


async def test_a_mailbox_that_was_made_anew_is_read_again(mailbox: Mailbox) -> None:
    mailbox.server.add(3)
    await mailbox.poll()
    mailbox.server.validity, mailbox.server.mails = 8, {}
    mailbox.server.add(1)
    assert await mailbox.texts() == ["Mail 1"]


async def test_many_are_read_in_turns(mailbox: Mailbox) -> None:
    await mailbox.poll()
    for number in range(MOST_MAILS + 1):
        mailbox.server.add(number + 10)
    first, second = await mailbox.poll(), await mailbox.poll()
    assert (len(first.items), first.more, len(second.items), second.more) == (MOST_MAILS, True, 1, False)


async def test_of_one_that_is_too_large_the_headers_are_read(mailbox: Mailbox) -> None:
    await mailbox.poll()
    mailbox.server.add(5, "Large")
    mailbox.server.largest[5] = 50_000_000
    [item] = (await mailbox.poll()).items
    assert isinstance(item, FeedbackItem)
    assert (item.title, item.text) == ("Large", None)


@pytest.mark.parametrize(("when_read", "left"), [("mark_seen", [5]), ("delete", [])])
async def test_marks_or_deletes_only_once_it_was_kept(mailbox: Mailbox, when_read: str, left: list[int]) -> None:
    mailbox.settings["when_read"] = when_read
    await mailbox.poll()
    mailbox.server.add(5)
    assert await mailbox.texts() == ["Mail 5"]
    assert list(mailbox.server.mails) == [5]
    assert await mailbox.texts() == []
    assert list(mailbox.server.mails) == left
    assert any("STORE 5 +FLAGS" in command for command in mailbox.server.said)


async def test_a_wrong_password_is_for_a_person_to_put_right(mailbox: Mailbox) -> None:
    mailbox.password = "wrong"
    with pytest.raises(AccessDenied):
        await mailbox.poll()


@pytest.mark.parametrize("fault", ["address", "certificate", "folder", "port"])
async def test_what_cannot_be_reached(mailbox: Mailbox, fault: str) -> None:
    if fault == "address":
        mailbox.platform = Resolver(None)
    elif fault == "certificate":
        mailbox.adapter = IMAP()
    elif fault == "folder":
        mailbox.settings["folder"] = "Archive"
    else:
        mailbox.server.close()
        mailbox.settings["port"] = 1
    with pytest.raises(PlatformDown):
        await mailbox.poll()


@pytest.mark.parametrize("folder", ['IN"BOX', "a\r\nb LOGOUT", "\\"])
def test_a_folder_is_only_a_name(folder: str) -> None:
    settings = {"addresses": ["a@b.example"], "host": HOST, "user_name": "x", "folder": folder}
    with pytest.raises(ValueError, match="folder"):
        IMAPSettings.model_validate(settings)

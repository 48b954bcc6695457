"""MIME (RFC 2045 to 2049), by the standard library, of mails that anybody may have made.

The library's older policy is used: the newer one reads structured headers strictly and raises on what is broken.
"""

import codecs
import re
from collections.abc import Iterator
from email.errors import InvalidBase64LengthDefect
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Final

from services.survey.adapters.base import Unreadable
from services.survey.adapters.markup import plain_text
from services.survey.mail.letter import LONGEST_HEADER, Attachment, Letter, Report, decoded, headers_of, ids_in
from services.survey.mail.visible import QUOTE_FOLLOWS

LARGEST: Final = 31_457_280
DEEPEST: Final = 10
MOST_PARTS: Final = 500
# Each level makes every line below it dearer to read.
_MOST_MULTIPARTS: Final = 100
_MULTIPART: Final = re.compile(rb"(?i)content-type:\s{0,20}multipart/")
# Names of codecs that are no character sets, or can be made to work for ever.
_NO_CHARSETS: Final = frozenset({"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"})
_QUOTES_IN_HTML: Final = re.compile(
    r"(?i)<blockquote\b|<div[^<>]{0,300}\b(?:gmail_quote|divRplyFwdMsg|yahoo_quoted|moz-cite-prefix)"
)
_NUL: Final = "\x00"


def parse_mail(raw: bytes, *, envelope_to: tuple[str, ...] = (), envelope_from: str | None = None) -> Letter:
    """Raises `Unreadable`, whatever the bytes, and nothing else."""
    if len(raw) > LARGEST:
        raise Unreadable("The mail is larger than 30 MB.")
    if len(_MULTIPART.findall(raw)) > _MOST_MULTIPARTS:
        raise Unreadable(f"The mail has more than {_MOST_MULTIPARTS} parts within parts.")
    try:
        message = BytesParser(policy=compat32).parsebytes(raw)
        return _letter(message, envelope_to, envelope_from)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, AssertionError) as problem:
        raise Unreadable(f"The mail could not be read ({type(problem).__name__}).") from None


def text_of(content: bytes, charset: str | None) -> str:
    """By the charset that is named, else by what it looks like; never an error."""
    for name in (charset or "utf-8", "utf-8", "cp1252"):
        try:
            codec = codecs.lookup(name.strip().strip("\"'"))
            if codec.name in _NO_CHARSETS:
                continue
            # Mails that say Latin-1 or ASCII mean what Windows makes of it, as browsers read it (WHATWG Encoding).
            if codec.name in ("iso8859-1", "ascii"):
                codec = codecs.lookup("cp1252")
            return content.decode(codec.name).replace(_NUL, "")
        except (LookupError, UnicodeError, ValueError, TypeError):
            continue
    return content.decode("utf-8", "replace").replace(_NUL, "")


def text_of_html(html: str) -> str:
    """Its words; where it quotes, a line says so, since in plain text nothing else would."""
    return plain_text(_QUOTES_IN_HTML.sub(lambda found: f"<br>{QUOTE_FOLLOWS}<br>{found[0]}", html))


def headers_in(block: str) -> list[tuple[str, str]]:
    """Of a block of header lines."""
    message = BytesParser(policy=compat32).parsebytes(block[: 50 * LONGEST_HEADER].encode(errors="replace"), True)
    return _headers(message)


def _letter(message: Message, envelope_to: tuple[str, ...], envelope_from: str | None) -> Letter:
    texts: list[str] = []
    pages: list[str] = []
    attachments: list[Attachment] = []
    enclosed: list[str] = []
    for part in _parts(message):
        media_type = part.get_content_type()
        if media_type == "message/rfc822":
            enclosed += _ids_enclosed(part)
        if part.is_multipart() and media_type != "message/rfc822":
            continue
        name = _name_of(part)
        if (
            media_type in ("text/plain", "text/html")
            and name is None
            and part.get_content_disposition() != "attachment"
        ):
            into = texts if media_type == "text/plain" else pages
            into.append(text_of(_content(part), part.get_content_charset()))
        elif not media_type.startswith(("message/delivery-status", "message/feedback-report", "multipart/")):
            attachments.append(Attachment(name or _fallback_name(media_type), media_type, _decoded(part)))
    return Letter(
        headers=_headers(message),
        text="\n".join(texts) or None,
        html="\n".join(pages) or None,
        attachments=attachments,
        envelope_to=envelope_to,
        envelope_from=envelope_from,
        report=_report(message),
        enclosed=enclosed,
    )


def _parts(message: Message) -> Iterator[Message]:
    """What is enclosed is not opened: it is somebody else's mail. Deeper than `DEEPEST` nobody looks."""
    waiting: list[tuple[Message, int]] = [(message, 0)]
    count = 0
    while waiting and count < MOST_PARTS:
        part, depth = waiting.pop()
        count += 1
        yield part
        inner = part.get_payload()
        if isinstance(inner, list) and part.get_content_type() != "message/rfc822" and depth < DEEPEST:
            waiting += [(each, depth + 1) for each in reversed(inner) if isinstance(each, Message)]


def _content(part: Message) -> bytes:
    if part.is_multipart():
        inner = part.get_payload()
        return (
            b"".join(each.as_bytes() for each in inner if isinstance(each, Message)) if isinstance(inner, list) else b""
        )
    content = part.get_payload(decode=True)
    return content if isinstance(content, bytes) else b""


def _decoded(part: Message) -> bytes | None:
    """None for what says that it is Base64 and is not; the library gives out the letters then, as if they were it."""
    content = _content(part)
    if any(isinstance(defect, InvalidBase64LengthDefect) for defect in part.defects):
        return None
    written = part.get_payload()
    return None if not content and isinstance(written, str) and written.strip() else content


def _headers(message: Message) -> list[tuple[str, str]]:
    return headers_of([(name, _plain(str(value))) for name, value in message.raw_items()])


def _plain(value: str) -> str:
    """Eight-bit characters stand in headers against the rules, mostly as UTF-8 (RFC 6532)."""
    return text_of(value.encode("utf-8", "surrogateescape"), "utf-8")


def _name_of(part: Message) -> str | None:
    name = part.get_filename()
    return decoded(_plain(name)) if name else None


def _fallback_name(media_type: str) -> str:
    return {"message/rfc822": "mail.eml", "text/calendar": "invitation.ics"}.get(media_type, "attachment")


def _ids_enclosed(part: Message) -> list[str]:
    inner = part.get_payload()
    mails = [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []
    return [found for mail in mails for found in ids_in(str(mail.get("message-id", "")))]


def _report(message: Message) -> Report | None:
    """RFC 6522: a text for people, a part for programs, and the mail it is about or only its headers."""
    if message.get_content_type() != "multipart/report":
        return None
    parts = list(_parts(message))
    kind = str(message.get_param("report-type", "") or "").lower() or "unknown"
    fields: dict[str, str] = {}
    about: str | None = None
    for part in parts:
        media_type = part.get_content_type()
        if media_type in ("message/delivery-status", "message/feedback-report", "message/disposition-notification"):
            fields |= _fields(part)
        elif media_type in ("message/rfc822", "message/rfc822-headers", "text/rfc822-headers"):
            about = about or _about(part)
    recipient = fields.get("final-recipient") or fields.get("original-recipient") or fields.get("original-rcpt-to")
    return Report(
        kind=kind,
        message_id=about or next(iter(ids_in(fields.get("original-message-id"))), None),
        recipient=recipient.rpartition(";")[2].strip().strip("<>").lower()[:320] if recipient else None,
        status=fields.get("status"),
        action=fields.get("action", "").lower() or fields.get("feedback-type", "").lower() or None,
        detail=fields.get("diagnostic-code"),
    )


def _fields(part: Message) -> dict[str, str]:
    """Of the block per message and that of the first recipient: the library parses them as mails without a body."""
    inner = part.get_payload()
    blocks = [each for each in inner if isinstance(each, Message)] if isinstance(inner, list) else []
    if not blocks:
        return dict(reversed(headers_in(text_of(_content(part), "utf-8"))))
    found: dict[str, str] = {}
    for block in blocks:
        for name, value in _headers(block):
            found.setdefault(name, value)
    return found


def _about(part: Message) -> str | None:
    if ids := _ids_enclosed(part):
        return ids[0]
    headers = dict(headers_in(text_of(_content(part), "utf-8")))
    return next(iter(ids_in(headers.get("message-id"))), None)

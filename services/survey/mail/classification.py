"""Mails that no person wrote. They are kept and threaded like all others; only no machine answers them.

What says so are headers (RFC 3834, RFC 2919, RFC 2369, and what Microsoft and others add) and never a subject: "Out of
office" may be what a customer complains about.
"""

from collections.abc import Collection
from typing import Final

from services.survey.hearing.canonical import Automatic
from services.survey.mail.letter import Letter

_BULK: Final = frozenset({"bulk", "list", "junk"})
_LIST_HEADERS: Final = ("list-id", "list-post", "list-unsubscribe", "list-help", "list-subscribe", "list-owner")
_REPLIED: Final = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-response-suppress", "x-mail-autoreply")
_MACHINES: Final = frozenset({"mailer-daemon", "postmaster"})
_NOBODY: Final = frozenset(
    {"noreply", "no-reply", "donotreply", "do-not-reply", "no.reply", "notification", "notifications"}
)


def automatic(letter: Letter, own: Collection[str]) -> Automatic | None:
    """`own` are the account's own addresses, in lower case."""
    sender = letter.sender
    local = sender.email.partition("@")[0].partition("+")[0] if sender else ""
    if letter.report is not None and letter.report.kind == "delivery-status":
        return "bounce"
    if local in _MACHINES:
        return "bounce"
    if sender is not None and without_tag(sender.email) in own:
        return "loop"
    if letter.report is not None or _is_reply_of_a_machine(letter):
        return "auto_reply"
    if _is_bulk(letter, own) or local in _NOBODY:
        return "bulk"
    return None


def without_tag(address: str) -> str:
    """`support+t.x@example.com` → `support@example.com`"""
    local, _, domain = address.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _is_reply_of_a_machine(letter: Letter) -> bool:
    submitted = (letter.header("auto-submitted") or "no").partition(";")[0].strip().lower()
    if submitted != "no" or letter.header("precedence") == "auto_reply":
        return True
    if any((letter.header(name) or "none").lower() not in ("none", "no", "0") for name in _REPLIED):
        return True
    # RFC 5321, 4.5.5: nobody wants to hear that it could not be delivered.
    return letter.envelope_from == "" or letter.header("return-path") == "<>"


def _is_bulk(letter: Letter, own: Collection[str]) -> bool:
    if _is_own_list(letter, own):
        return False
    if (letter.header("precedence") or "").strip().lower() in _BULK:
        return True
    return any(letter.header(name) is not None for name in _LIST_HEADERS)


def _is_own_list(letter: Letter, own: Collection[str]) -> bool:
    """A group that receives for the account, such as support@ of Google Groups, says that it is a list."""
    told = " ".join(letter.header(name) or "" for name in ("list-id", "list-post")).lower()
    return any(address in told or address.replace("@", ".") in told for address in own)

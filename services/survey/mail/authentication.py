"""Whether a mail comes from where its From address says: SPF (RFC 7208) or DKIM (RFC 6376), aligned as DMARC asks
(RFC 7489, 3.1). What is not known to have passed has not."""

import re
from collections.abc import Iterable
from typing import Final

from services.survey.mail.letter import Letter, domain_of

_RESULT: Final = re.compile(r"\b(dmarc|dkim|spf)=(\w+)")
_DKIM_DOMAIN: Final = re.compile(r"\bheader\.(?:d|i)=@?([^\s;@]+)")
_SPF_DOMAIN: Final = re.compile(r"\bsmtp\.(?:mailfrom|helo)=(?:[^\s;@]*@)?([^\s;@]+)")


def is_aligned(domain: str, other: str) -> bool:
    """One is the other or lies under it."""
    domain, other = domain.lower().strip("."), other.lower().strip(".")
    if not domain or not other:
        return False
    shorter, longer = sorted((domain, other), key=len)
    # A top-level domain is nobody's own.
    return domain == other or ("." in shorter and longer.endswith(f".{shorter}"))


def is_authentic(sender: str, *, spf: str | None = None, envelope_from: str | None, dkim: Iterable[str] = ()) -> bool:
    """`spf` is the verdict on the envelope's sender, `dkim` the domains whose signatures are good."""
    domain = domain_of(sender)
    if any(is_aligned(domain, signer) for signer in dkim):
        return True
    passed = spf is not None and spf.strip().lower() == "pass"
    return passed and envelope_from is not None and is_aligned(domain, domain_of(envelope_from))


def by_results(letter: Letter, authserv_id: str | None = None) -> bool:
    """What the server that received it wrote on top (RFC 8601). Further down anybody may have written anything; and if
    `authserv_id` is given, nobody else's word counts."""
    sender, results = letter.sender, letter.header("authentication-results")
    if sender is None or results is None:
        return False
    server, _, verdicts = results.partition(";")
    if authserv_id and server.strip().partition(" ")[0].lower() != authserv_id.lower():
        return False
    domain = domain_of(sender.email)
    for verdict in verdicts.lower().split(";"):
        found = _RESULT.search(verdict)
        if found is None or found[2] != "pass":
            continue
        if found[1] == "dmarc":
            return True
        named = (_DKIM_DOMAIN if found[1] == "dkim" else _SPF_DOMAIN).findall(verdict)
        if any(is_aligned(domain, each) for each in named):
            return True
    return False

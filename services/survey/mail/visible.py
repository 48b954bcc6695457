"""What a reply's author wrote themselves: without the mail it answers, and without their signature.

Line by line, in time linear in the text: mails are written by anybody, and expressions that search a whole text back
and forth can be made to search for hours (see docs/decisions/0091). What is cut is only hidden: the whole text is kept.
"""

import re
from collections.abc import Sequence
from typing import Final, Literal

LONGEST: Final = 200_000
# What stands further down is never the reply, and hardly ever read.
_MOST_LINES: Final = 4_000
# "On Monday somebody wrote:", as mail programs say it: how it begins and the verb it holds.
_ATTRIBUTIONS: Final = tuple(
    re.compile(rf"(?i)^[\s>*-]*{begins}\b.*\d.*{verb}")
    for begins, verb in (
        ("on", r"wrote"),
        ("am", r"\bschrieb"),
        ("le", r"\ba écrit"),
        ("el", r"\bescribió"),
        ("em", r"\bescreveu"),
        ("il", r"\bha scritto"),
        ("op", r"\bschreef"),
        ("den", r"\bskrev"),
    )
)
# Gmail's in some languages: only a date, then a name with an address.
_DATE_AND_ADDRESS: Final = re.compile(r"^\s*\d{4}[-./]\d{1,2}[-./]\d{1,2}\b.*<[^<>\s]+@[^<>\s]+>\s?:$")
_ATTRIBUTION_LINES: Final = 4
_LONGEST_LINE: Final = 500
_FROM: Final = re.compile(r"(?i)^[\s*>]*(from|von|de|da|van|från|fra)\s?:")
_BESIDES_FROM: Final = re.compile(
    r"(?i)^[\s*>]*(sent|date|to|subject|cc|gesendet|datum|an|betreff|envoyé|à|objet|enviado|enviada|fecha|para|asunto"
    r"|assunto|inviato|data|a|oggetto|verzonden|aan|onderwerp|skickat|till|ämne)\s?:"
)
_SEPARATOR: Final = re.compile(
    r"(?i)^[\s>]*-{3,}\s?(original message|forwarded message|urspr\S+ nachricht|weitergeleitete nachricht"
    r"|message d'origine|message transféré|mensaje original|mensaje reenviado|mensagem original"
    r"|mensagem encaminhada|messaggio originale|messaggio inoltrato|oorspronkelijk bericht"
    r"|doorgestuurd bericht)\s?-{3,}\s*$"
)
_RULE: Final = re.compile(r"^[\s>]*[_-]{10,}\s*$")
_SIGNATURE: Final = re.compile(r"^(--|__+)\s*$")
_NAME: Final = re.compile(r"^-\w[\w.]*( [\w.]+){0,3}$")
_DEVICE: Final = re.compile(
    r"(?i)^(sent from (my )?\w+( \w+){0,3}|get outlook for \w+( ?<\S+>)?"
    r"|von meine[mr] \w+( \w+)? gesendet|gesendet von .{1,40}"
    r"|envoyé (de|depuis) .{1,40}|enviado desde mi .{1,40}|enviado (do meu|a partir do) .{1,40}|inviato da[l ].{1,40}"
    r"|(verstuurd|verzonden) vanaf mijn .{1,40})\.?\s*$"
)
# Longer than that it is no signature, whatever stands above it.
_LONGEST_SIGNATURE: Final = 15
_LONGEST_NAME_BLOCK: Final = 4
# How to say in a text that what follows is quoted; for HTML, where nothing in the words says so.
QUOTE_FOLLOWS: Final = "-----Original Message-----"

_Kind = Literal["own", "quoted", "signature"]


def visible_reply(text: str) -> str:
    """The whole text if nothing would be left, as of a mail that was only passed on."""
    text = text[:LONGEST].replace("\r\n", "\n").replace("\r", "\n")
    lines = [line.rstrip() for line in text.split("\n", _MOST_LINES)[:_MOST_LINES]]
    kinds = _kinds(lines)
    own = [place for place, kind in enumerate(kinds) if kind == "own" and lines[place]]
    if not own:
        return "\n".join(lines).strip()
    # A quotation between two of their own pieces is what the second of them is about.
    kept = [lines[place] for place in range(own[0], own[-1] + 1) if kinds[place] != "signature"]
    return "\n".join(kept).strip()


def _kinds(lines: Sequence[str]) -> list[_Kind]:
    """Of each line, up to where only quotation follows."""
    kinds: list[_Kind] = []
    while (place := len(kinds)) < len(lines):
        line = lines[place]
        if line.startswith(">"):
            kinds.append("quoted")
        elif _begins_quoted_mail(lines, place):
            break
        elif count := _attribution(lines, place):
            following = _next_filled(lines, place + count)
            if following is None or not lines[following].startswith(">"):
                break
            kinds += ["quoted"] * count
        elif count := _signature(lines, place):
            kinds += ["signature"] * count
        else:
            kinds.append("own")
    return kinds


def _attribution(lines: Sequence[str], place: int) -> int:
    """How many lines it takes to say who wrote what follows; 0 if none begins here."""
    joined = ""
    for count, line in enumerate(lines[place : place + _ATTRIBUTION_LINES], 1):
        if not line or len(line) > _LONGEST_LINE or (count > 1 and line.startswith(">")):
            return 0
        joined = f"{joined} {line}".strip()
        if joined.endswith((":", "----")) and (
            any(each.match(joined) for each in _ATTRIBUTIONS) or _DATE_AND_ADDRESS.match(joined)
        ):
            return count
    return 0


def _begins_quoted_mail(lines: Sequence[str], place: int) -> bool:
    line = lines[place]
    if _SEPARATOR.match(line[:_LONGEST_LINE]) or _heads_a_mail(lines, place):
        return True
    if not _RULE.match(line[:_LONGEST_LINE]):
        return False
    following = _next_filled(lines, place + 1)
    return following is not None and _heads_a_mail(lines, following)


def _heads_a_mail(lines: Sequence[str], place: int) -> bool:
    """`From: …` with at least two other headers close below."""
    if not _FROM.match(lines[place][:_LONGEST_LINE]):
        return False
    return sum(1 for line in lines[place + 1 : place + 8] if _BESIDES_FROM.match(line[:_LONGEST_LINE])) >= 2


def _signature(lines: Sequence[str], place: int) -> int:
    """How many lines belong to the signature that begins here; 0 if none does."""
    line = lines[place].strip()
    if len(line) > _LONGEST_LINE:
        return 0
    if _DEVICE.match(line):
        return 1
    most = _LONGEST_SIGNATURE if _SIGNATURE.match(line) else _LONGEST_NAME_BLOCK if _NAME.match(line) else 0
    filled = 0
    for count, line in enumerate(lines[place : place + 2 * most]):
        below = place + count
        if line.startswith(">") or (
            count and (_SIGNATURE.match(line) or _attribution(lines, below) or _begins_quoted_mail(lines, below))
        ):
            return count
        filled += bool(line)
        if filled > most:
            return 0
    return min(2 * most, len(lines) - place)


def _next_filled(lines: Sequence[str], place: int) -> int | None:
    """The first line from there on that is not blank, if it is near."""
    return next((each for each in range(place, min(place + 6, len(lines))) if lines[each]), None)

"""Which languages somebody's browser asks for, and which way they are written."""

from typing import Final

from fastapi import Request

_RIGHT_TO_LEFT: Final = frozenset({"ar", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"})


def accepted_languages(request: Request) -> list[str]:
    """Language tags, best first, without those that are refused (RFC 9110, section 12.5.4)."""
    weighted = []
    for part in request.headers.get("accept-language", "")[:500].split(","):
        tag, _, weight = part.partition(";")
        try:
            quality = float(weight.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if quality > 0:
            weighted.append((-quality, tag.strip()))
    return [tag for _, tag in sorted(weighted, key=lambda item: item[0])]


def direction(locale: str) -> str:
    """For HTML's `dir`."""
    return "rtl" if locale.split("-")[0] in _RIGHT_TO_LEFT else "ltr"

"""Which languages somebody's browser asks for."""

from fastapi import Request


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

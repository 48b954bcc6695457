"""What an upload is, by its bytes: neither its name nor what the sender calls it is believed."""

from collections.abc import Collection, Mapping
from typing import Final, Literal

import puremagic

FileKind = Literal["image", "pdf", "text", "office", "audio", "video"]
# Nothing here is drawn as a page by a browser: no HTML, no SVG, no script.
_KINDS: Final[Mapping[str, FileKind]] = {
    "image/png": "image",
    "image/jpeg": "image",
    "image/gif": "image",
    "image/webp": "image",
    "image/heif": "image",
    "application/pdf": "pdf",
    "text/plain": "text",
    "text/csv": "text",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "office",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "office",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "office",
    "application/vnd.oasis.opendocument.text": "office",
    "application/vnd.oasis.opendocument.spreadsheet": "office",
    "application/vnd.oasis.opendocument.presentation": "office",
    "audio/mpeg": "audio",
    "audio/wave": "audio",
    "audio/ogg": "audio",
    "audio/mp4": "audio",
    "video/mp4": "video",
    "video/webm": "video",
    "video/quicktime": "video",
}


def media_type_of(content: bytes, name: str, kinds: Collection[FileKind]) -> str | None:
    """The media type, if it is one of `kinds`; None for everything else, and for what cannot be told."""
    found = [match.mime_type for match in _matches(content, name)]
    if not found and _is_text(content):
        found = ["text/plain"]
    # What it is most probably decides; a picture that could also be read as something else stays a picture.
    for media_type in found:
        if media_type in _KINDS:
            return media_type if _KINDS[media_type] in kinds else None
        if media_type in ("text/html", "image/svg+xml", "text/xml", "application/xml", "application/xhtml+xml"):
            return None
    return None


def _matches(content: bytes, name: str) -> list[puremagic.PureMagicWithConfidence]:
    try:
        # It also guesses by the name alone, with no bytes to show for it.
        return [match for match in puremagic.magic_string(content, name) if match.byte_match]
    except (puremagic.PureError, ValueError):
        return []


def _is_text(content: bytes) -> bool:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    return bool(text) and all(character.isprintable() or character in "\r\n\t" for character in text[:10_000])

"""Forms as mail providers post them: fields in bytes, since each may be in a charset of its own, and files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from services.survey.adapters.base import Received, Unreadable

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

MOST_PARTS: Final = 1_000
_LONGEST_HEADERS: Final = 20_000


@dataclass(slots=True)
class Part:
    """`file_name` if it is a file."""

    name: str = ""
    file_name: str | None = None
    media_type: str = ""
    content: bytearray = field(default_factory=bytearray)


class Form:
    """`bytes_of` gives a field's value, None if it is not there."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    def bytes_of(self, name: str) -> bytes | None:
        found = next((part for part in self._parts if part.name == name and part.file_name is None), None)
        return bytes(found.content) if found is not None else None

    def text_of(self, name: str) -> str | None:
        value = self.bytes_of(name)
        return value.decode("utf-8", "replace").replace("\x00", "") if value is not None else None

    @property
    def files(self) -> list[Part]:
        return [part for part in self._parts if part.file_name is not None]


def form_of(received: Received) -> Form:
    """`multipart/form-data` (RFC 7578) or URL-encoded. Raises `Unreadable`."""
    media_type, options = parse_options_header(received.content_type.encode("ascii", "replace"))
    if media_type == b"multipart/form-data" and (boundary := options.get(b"boundary")):
        return Form(_parts(received.body, boundary))
    if media_type == b"application/x-www-form-urlencoded":
        try:
            fields = parse_qsl(received.body, keep_blank_values=True, max_num_fields=MOST_PARTS)
        except ValueError:
            raise Unreadable("The form has more fields than anybody sends.") from None
        return Form([Part(name.decode("utf-8", "replace"), content=bytearray(value)) for name, value in fields])
    raise Unreadable("The body is neither a form nor what else this sender posts.")


def _parts(body: bytes, boundary: bytes) -> list[Part]:
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError):
        raise Unreadable("The form is damaged.") from None
    return reader.parts


class _Reader:
    def __init__(self) -> None:
        self.parts: list[Part] = []
        self._name, self._value = bytearray(), bytearray()
        self._seen = 0

    @property
    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_header_field": self._header_name,
            "on_header_value": self._header_value,
            "on_header_end": self._header_end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= MOST_PARTS:
            raise ValueError("too many parts")
        self.parts.append(Part())

    def _data(self, data: bytes, start: int, end: int) -> None:
        self.parts[-1].content += data[start:end]

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._name += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._count(end - start)
        self._value += data[start:end]

    def _count(self, length: int) -> None:
        self._seen += length
        if self._seen > _LONGEST_HEADERS * 10:
            raise ValueError("too long headers")

    def _header_end(self) -> None:
        name, value = self._name.decode("latin-1").lower(), self._value.decode("utf-8", "replace")
        self._name, self._value = bytearray(), bytearray()
        if name == "content-disposition":
            # The library's own reader of options takes apart what browsers send; names of files may be encoded too.
            header = Message()
            header["Content-Disposition"] = value.replace("\r", " ").replace("\n", " ")
            self.parts[-1].name = str(header.get_param("name", "", "content-disposition") or "")
            file_name = header.get_filename()
            self.parts[-1].file_name = file_name if file_name is None else str(file_name)
        elif name == "content-type":
            self.parts[-1].media_type = value.partition(";")[0].strip().lower()[:100]

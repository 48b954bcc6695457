"""What an upload is, by its bytes."""

import io
import zipfile

import pytest

from shared.sniffing import FileKind, media_type_of

ALL: tuple[FileKind, ...] = ("image", "pdf", "text", "office", "audio", "video")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 50


def office() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/workbook.xml", "<a/>")
    return content.getvalue()


class TestMediaType:
    @pytest.mark.parametrize(
        ("content", "name", "expected"),
        [
            (PNG, "photo.png", "image/png"),
            (PNG, "photo.exe", "image/png"),
            (b"\xff\xd8\xff\xe0\x00\x10JFIF" + b"0" * 100, "photo.jpg", "image/jpeg"),
            (b"%PDF-1.7\n%abc", "bill.pdf", "application/pdf"),
            (b"name,score\nAna,9\n", "list.csv", "text/plain"),
            ("Grüße aus Köln\n".encode(), "note.txt", "text/plain"),
            (b"ID3\x03" + b"0" * 50, "voice.mp3", "audio/mpeg"),
            (b"\x00\x00\x00\x18ftypmp42" + b"0" * 50, "clip.mp4", "video/mp4"),
            (
                office(),
                "table.xlsx",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ],
    )
    def test_is_read_from_the_bytes(self, content: bytes, name: str, expected: str) -> None:
        assert media_type_of(content, name, ALL) == expected

    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"<html><script>alert(1)</script></html>", "photo.png"),
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'></svg>", "logo.svg"),
            (b"MZ" + b"\0" * 200, "photo.png"),
            (b"", "empty.txt"),
            (b"\x00\x01\x02", "data.txt"),
        ],
    )
    def test_what_a_browser_might_run_is_nothing(self, content: bytes, name: str) -> None:
        assert media_type_of(content, name, ALL) is None

    def test_only_the_kinds_that_are_asked_for(self) -> None:
        assert media_type_of(PNG, "photo.png", ALL[1:]) is None

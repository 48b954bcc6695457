"""What is made of files as they come out of spreadsheets and other tools."""

import contextlib
import io

import pytest

from services.customers.imports.mapping import suggest
from shared.spreadsheets import UnreadableFile, layout_of, lines_of

TABLE = "e-mail,näme\nana@example.com,Zoë\n"


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_are_read_in_their_encoding(self, encoding: str) -> None:
        file = io.BytesIO(TABLE.encode(encoding))
        layout = layout_of(file)
        assert layout.header == ["e-mail", "näme"]
        assert list(lines_of(file, layout)) == [(2, ["ana@example.com", "Zoë"])]

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_may_have_any_usual_delimiter(self, mark: str) -> None:
        file = io.BytesIO(f'email{mark}name\na@example.com{mark}"x{mark}y"\n'.encode())
        layout = layout_of(file)
        assert layout.delimiter == mark
        assert list(lines_of(file, layout)) == [(2, ["a@example.com", f"x{mark}y"])]

    def test_number_their_lines_as_editors_do(self) -> None:
        file = io.BytesIO(b'email,note\r\na@example.com,"two\r\nlines"\r\n\r\n,\r\nb@example.com,x\r\n')
        assert [line for line, _ in lines_of(file, layout_of(file))] == [2, 6]

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"", "empty"),
            (b"\n\n", "empty"),
            (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no text"),
            (b"email,email\n", "'email'"),
            (b'email\n"' + b"x" * 200_000, "Line 2"),
            (b",".join(b"c%d" % n for n in range(201)), "201 columns"),
        ],
    )
    def test_that_are_no_tables_say_where(self, content: bytes, says: str) -> None:
        file = io.BytesIO(content)
        with pytest.raises(UnreadableFile, match=says):
            list(lines_of(file, layout_of(file)))

    def test_of_random_bytes_do_no_harm(self) -> None:
        file = io.BytesIO(bytes(range(256)) * 100)
        with contextlib.suppress(UnreadableFile):
            list(lines_of(file, layout_of(file)))


class TestSuggestions:
    @pytest.mark.parametrize(
        ("column", "field"),
        [
            ("E-Mail", "email"),
            ("Téléphone", "phone"),
            ("Kundennummer", "external_id"),
            ("Vorname", "first_name"),
            ("Apellidos", "last_name"),
            ("Empresa", "company"),
            ("attributes.tier", "attributes.tier"),
            ("Größe in cm", "attributes.gro_e_in_cm"),
            ("123", None),
        ],
    )
    def test_go_by_the_name(self, column: str, field: str | None) -> None:
        assert suggest([column], [["x"]], {}) == {column: field}

    def test_go_by_what_is_in_it(self) -> None:
        samples = [["ana@example.com", "+351912345678", ""], ["ben@example.com", "", ""]]
        found = suggest(["Kontakt", "Nr", "Rest"], samples, {})
        assert found == {"Kontakt": "email", "Nr": "phone", "Rest": "attributes.rest"}

    def test_name_no_field_twice(self) -> None:
        assert suggest(["mail", "email"], [], {}) == {"mail": "email", "email": "attributes.email"}

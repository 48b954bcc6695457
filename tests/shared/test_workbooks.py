"""Workbooks become tables of text, and the hostile ones nothing."""

import io
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time
from threading import BoundedSemaphore
from typing import Any

import openpyxl
import pytest

from shared import workbooks
from shared.spreadsheets import UnreadableFile, layout_of, lines_of
from shared.workbooks import TooManyWorkbooks, unpacked


def workbook(*rows: Sequence[Any], hidden: bool = False) -> Any:
    book = openpyxl.Workbook()
    sheet = book.active
    if hidden:
        sheet.sheet_state = "hidden"
        sheet.append(["secret"])
        sheet = book.create_sheet("Shown")
    for row in rows:
        sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return on_disk(file.getvalue())


def on_disk(content: bytes) -> Any:
    """As uploads are: the process that reads it is given the file itself."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - `table` closes it
    file.write(content)
    file.flush()
    return file


def rebuilt(file: Any, name: str, content: bytes) -> Any:
    """The same workbook with another part of that name."""
    target = io.BytesIO()
    with file, zipfile.ZipFile(file) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return on_disk(target.getvalue())


async def table(file: Any) -> tuple[list[str], list[tuple[int, list[str]]]]:
    with file:
        async with unpacked(file) as found:
            layout = layout_of(found.file, encoding=found.encoding)
            return layout.header, list(lines_of(found.file, layout))


SHEET = "xl/worksheets/sheet1.xml"
LEVELS = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))


class TestWorkbooks:
    async def test_are_read_as_text_row_by_row(self) -> None:
        # Cells name no zone.
        moments = (datetime(2025, 5, 2, 10, 0, 0, 400_000), date(2025, 5, 2), time(9, 30))  # noqa: DTZ001
        header, lines = await table(
            workbook(
                ["id", "score", "comment", "at", "day", "hour", None],
                [1, 4.0, "Two\nlines", *moments],
                [],
                [2, 4.5, "=HYPERLINK(1)", None, None, True],
                [3],
            )
        )
        assert header == ["id", "score", "comment", "at", "day", "hour"]
        assert lines == [
            (2, ["1", "4", "Two\nlines", "2025-05-02 10:00:00", "2025-05-02 00:00:00", "09:30:00"]),
            (4, ["2", "4.5", "", "", "", "true"]),
            (5, ["3", "", "", "", "", ""]),
        ]

    async def test_have_one_sheet_that_counts_the_first_that_is_shown(self) -> None:
        assert await table(workbook(["id"], [1], hidden=True)) == (["id"], [(2, ["1"])])

    async def test_are_read_whole_whatever_they_say_their_size_is(self) -> None:
        file = workbook(["id", "x"], [1, 2])
        with zipfile.ZipFile(file) as archive:
            sheet = archive.read(SHEET)
        assert b'ref="A1:B2"' in sheet
        _, lines = await table(rebuilt(file, SHEET, sheet.replace(b'ref="A1:B2"', b'ref="A1"')))
        assert lines == [(2, ["1", "2"])]

    async def test_with_more_columns_than_can_be_read_are_refused(self) -> None:
        with pytest.raises(UnreadableFile, match="at most 200"):
            await table(workbook([f"c{number}" for number in range(250)], [1]))

    async def test_are_read_a_few_at_a_time(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "_places", BoundedSemaphore(1))
        assert (await table(workbook(["id"], [1])))[0] == ["id"]
        with workbooks._places, pytest.raises(TooManyWorkbooks):
            await table(workbook(["id"], [1]))

    async def test_leave_other_files_as_they_are(self) -> None:
        file = on_disk(b"id\n1\n")
        async with unpacked(file) as found:
            assert found == (file, None)
        file.close()


class TestHostileWorkbooks:
    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (b"PK\x03\x04 and nothing", "damaged"),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old", "old or a protected"),
        ],
    )
    async def test_that_are_none_are_refused(self, content: bytes, says: str) -> None:
        with pytest.raises(UnreadableFile, match=says):
            await table(on_disk(content))

    async def test_of_another_kind_are_refused(self) -> None:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        with pytest.raises(UnreadableFile, match="another kind"):
            await table(on_disk(file.getvalue()))

    async def test_that_unpack_to_too_much_are_refused_before_it(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "_MOST_UNPACKED", 1_000_000)
        file = workbook(["id"], [1])
        with pytest.raises(UnreadableFile, match="unpacks to more"):
            await table(rebuilt(file, SHEET, b"0" * 1_000_001))

    async def test_that_need_too_much_memory_are_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "_MEGABYTES", 160)
        space = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        cell = b'<c r="A1" t="inlineStr"><is><t>%s</t></is></c>' % (b"x" * 150_000_000)
        sheet = b'<worksheet xmlns="%s"><sheetData><row r="1">%s</row></sheetData></worksheet>' % (space, cell)
        with pytest.raises(UnreadableFile, match="too large"):
            await table(rebuilt(workbook(["id"]), SHEET, sheet))

    def test_that_repeat_one_text_for_ever_are_not_written_down(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "_MOST_WRITTEN", 100_000)
        with workbook(["text"], *(["x" * 1_000] for _ in range(200))) as file, pytest.raises(ValueError, match="text"):
            workbooks.main(file, io.BytesIO())

    def test_with_a_row_beyond_all_sheets_come_to_an_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workbooks, "_MOST_ROWS", 10)
        with workbook(["id"], *([number] for number in range(20))) as file, pytest.raises(ValueError, match="rows"):
            list(workbooks.rows_of(file))

    @pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "docProps/app.xml"])
    @pytest.mark.parametrize(
        "xml",
        [
            pytest.param(f"<!DOCTYPE x [<!ENTITY e0 'ha'>{LEVELS}]><x>&e11;</x>".encode(), id="bomb"),
            pytest.param(b"<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><x>&e;</x>", id="file"),
            pytest.param(b"<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'><x/>", id="address"),
            pytest.param(b"<!--" + b" " * 200_000 + b"--><!DOCTYPE x><x/>", id="far"),
            pytest.param("<?xml version='1.0' encoding='UTF-16'?><!DOCTYPE x><x/>".encode("utf-16"), id="utf-16"),
        ],
    )
    def test_that_declare_a_document_type_in_any_part_are_refused(self, xml: bytes, part: str) -> None:
        with rebuilt(workbook(["id"], [1]), part, xml) as file, pytest.raises(workbooks.DeclaresEntities):
            list(workbooks.rows_of(file))

    async def test_that_declare_a_document_type_are_told_so(self) -> None:
        with pytest.raises(UnreadableFile, match="DOCTYPE"):
            await table(rebuilt(workbook(["id"], [1]), SHEET, b"<!DOCTYPE x><x/>"))

    async def test_may_speak_of_document_types(self) -> None:
        assert (await table(workbook(["id"], ["<!DOCTYPE x>"])))[1] == [(2, ["<!DOCTYPE x>"])]

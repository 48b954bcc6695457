"""What a respondent's browser sends with a form."""

from collections.abc import Mapping
from typing import Final, NamedTuple, get_args
from urllib.parse import parse_qsl

from fastapi import Request

from services.survey.pages.fields import Fields
from services.survey.pages.filling import CHOSEN_LANG, GO, Go
from shared.http.schemas import NUL

# A table of 200 rows in which several can be chosen is the longest form that there can be.
MOST_FIELDS: Final = 5_000
MOST_FILES: Final = 50
LONGEST_FIELD: Final = 65_536


class Sent(NamedTuple):
    """A file as it came, in the field `<question>-file`."""

    field: str
    name: str
    content: bytes


class Form(NamedTuple):
    fields: dict[str, list[str]]
    files: list[Sent]


async def form_of(request: Request) -> Form:
    """Line breaks as everywhere else. Anything but a form is an empty one."""
    form = Form({}, [])
    try:
        for name, value in await _pairs(request, form.files):
            # No keyboard makes a NUL, and no table takes one.
            if NUL in value:
                return Form({}, [])
            form.fields.setdefault(name, []).append(value.replace("\r\n", "\n"))
    except ValueError:
        return Form({}, [])
    return form


def go_of(fields: Fields) -> Go:
    """The button that was pressed. Choosing a language only shows the page again, as does what nobody knows."""
    if CHOSEN_LANG in fields:
        return "look"
    return _GO.get(next(iter(fields.get(GO, ())), "next"), "look")


async def _pairs(request: Request, files: list[Sent]) -> list[tuple[str, str]]:
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        body = await request.body()
        try:
            return _parsed(body, "utf-8")
        except UnicodeDecodeError:
            # As pages in Latin letters send it that do not say what they are written in.
            return _parsed(body, "latin-1")
    pairs: list[tuple[str, str]] = []
    async with request.form(max_files=MOST_FILES, max_fields=MOST_FIELDS, max_part_size=LONGEST_FIELD) as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                pairs.append((name, value))
            elif value.filename:
                files.append(Sent(name, value.filename, await value.read()))
    return pairs


def _parsed(body: bytes, encoding: str) -> list[tuple[str, str]]:
    text = body.decode(encoding)
    return parse_qsl(text, keep_blank_values=True, encoding=encoding, errors="strict", max_num_fields=MOST_FIELDS)


_GO: Final[Mapping[str, Go]] = {go: go for go in get_args(Go)}

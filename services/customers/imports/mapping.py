"""Which column of a file is which field of a customer, suggested from its name and what is in it, and applied."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from services.customers.attributes import fitting
from services.customers.records.identities import normal_email, normal_phone
from shared.http.errors import FieldProblem, Unacceptable
from shared.imports.reports import REPORT_COLUMNS, reported
from shared.spreadsheets import unquoted

FIELDS = ("external_id", "email", "phone", "name", "locale", "timezone", "company", "preferred_channel")
# Two columns that make one name.
NAME_PARTS = ("first_name", "last_name")
ATTRIBUTE = "attributes."
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")

# As tools and languages name their columns, without blanks, marks and accents.
_SYNONYMS: Mapping[str, str] = {
    name: field
    for field, names in {
        "external_id": "externalid id customerid customernumber clientid kundennummer idcliente numeroclient reference",
        "email": "email mail emailaddress emailadresse correo correoelectronico courriel adresseemail epost",
        "phone": "phone phonenumber telephone mobile mobilephone cell telefon handy mobil telefono movil celular",
        "name": "name fullname displayname customername vollername nombrecompleto nomcomplet nomecompleto",
        "first_name": "firstname givenname vorname nombre prenom primeironome voornaam",
        "last_name": "lastname surname familyname nachname apellido apellidos nomdefamille sobrenome cognome",
        "locale": "locale language lang sprache idioma langue lingua taal",
        "timezone": "timezone tz zeitzone zonahoraria fusohorario",
        "company": "company companyname organization organisation firma unternehmen empresa entreprise societe azienda",
        "preferred_channel": "preferredchannel",
    }.items()
    for name in names.split()
}


def suggest(
    header: Sequence[str], samples: Sequence[Sequence[str]], definitions: fitting.Definitions
) -> dict[str, str | None]:
    """A field for each named column, none of them twice; null for columns that mean nothing, or that we added."""
    found: dict[str, str | None] = {}
    ours = () if reported(header) is None else REPORT_COLUMNS
    for place, column in enumerate(header):
        if not column:
            continue
        if column in ours:
            found[column] = None
            continue
        cells = [row[place] for row in samples if place < len(row) and row[place].strip()]
        field = _by_name(column, definitions) or _by_content(cells) or _as_attribute(column)
        if field in found.values():
            field = _as_attribute(column)
        found[column] = field if field not in found.values() else None
    return found


def renewed(mapping: Mapping[str, str | None], header: Sequence[str]) -> dict[str, str | None]:
    """The mapping of a file, for the report of its rejected lines."""
    return {column: mapping.get(column, mapping.get(unquoted(column))) for column in header if column}


def check(mapping: Mapping[str, str | None], header: Sequence[str]) -> None:
    """Raises `Unacceptable` for columns that are not there, fields that do not exist, and if nobody could be known."""
    problems = []
    for column, field in mapping.items():
        if column not in header:
            problems.append(FieldProblem(f"/mapping/{column}", "column", f"The file has no column {column[:100]}."))
        elif field is not None and not _exists(field):
            problems.append(FieldProblem(f"/mapping/{column}", "field", f"A customer has no field {field[:100]}."))
    fields = [field for field in mapping.values() if field is not None]
    for field in sorted({field for field in fields if fields.count(field) > 1}):
        problems.append(FieldProblem("/mapping", "field", f"Two columns are mapped to {field}."))
    if not {"external_id", "email", "phone"} & set(fields):
        detail = "Map a column to external_id, email or phone: by one of them a customer is known."
        problems.append(FieldProblem("/mapping", "identity", detail))
    if problems:
        raise Unacceptable(" ".join(problem.detail for problem in problems), errors=tuple(problems))


def read(
    cells: Sequence[str],
    header: Sequence[str],
    mapping: Mapping[str, str | None],
    *,
    definitions: fitting.Definitions,
    country: str | None,
) -> dict[str, Any]:
    """A line as `POST /v1/customers` would take it, still to be checked. Empty cells say nothing.

    Raises `Unacceptable` for a line that has more or fewer cells than the header.
    """
    if len(cells) != len(header):
        raise Unacceptable.field("", "cells", f"{len(cells)} cells where the header has {len(header)}.")
    told: dict[str, Any] = {}
    attributes: dict[str, Any] = {}
    for column, cell in zip(header, cells, strict=True):
        field, value = mapping.get(column), unquoted(cell.strip())
        if field is None or not value:
            continue
        if field.startswith(ATTRIBUTE):
            name = field.removeprefix(ATTRIBUTE)
            attributes[name] = fitting.read(definitions.get(name), value)
        else:
            told[field] = _phone(value, country) if field == "phone" else value
    parts = [told.pop(part) for part in NAME_PARTS if part in told]
    if parts and "name" not in told:
        told["name"] = " ".join(parts)
    return told | ({"attributes": attributes} if attributes else {})


def _exists(field: str) -> bool:
    if field.startswith(ATTRIBUTE):
        return _ATTRIBUTE_NAME.fullmatch(field.removeprefix(ATTRIBUTE)) is not None
    return field in FIELDS or field in NAME_PARTS


def _by_name(column: str, definitions: fitting.Definitions) -> str | None:
    if column in definitions:
        return ATTRIBUTE + column
    if _exists(column):
        return column
    plain = unicodedata.normalize("NFKD", column.casefold())
    return _SYNONYMS.get("".join(letter for letter in plain if letter.isalnum() and letter.isascii()))


def _by_content(cells: Sequence[str]) -> str | None:
    for field, normalise in (("email", normal_email), ("phone", normal_phone)):
        if cells and all(_is(normalise, cell) for cell in cells):
            return field
    return None


def _is(normalise: Any, cell: str) -> bool:
    try:
        normalise(cell)
    except ValueError:
        return False
    return True


def _as_attribute(column: str) -> str | None:
    plain = unicodedata.normalize("NFKD", column)
    name = re.sub(r"[^A-Za-z0-9_.-]+", "_", "".join(c for c in plain if not unicodedata.combining(c))).strip("_.-")
    return ATTRIBUTE + name[:64].lower() if name and name[0].isalpha() else None


def _phone(value: str, country: str | None) -> str:
    """With the country code, if the file is known to be of one country; what cannot be read stays as it is."""
    if country is None or value.startswith("+"):
        return value
    import phonenumbers

    try:
        number = phonenumbers.parse(value, country)
    except phonenumbers.NumberParseException:
        return value
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))

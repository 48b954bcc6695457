"""One ZIP with all that is held of a person: the services' lines as they were exported, and the same as tables."""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson

README: Final = """\
This is everything that {issuer} holds about one customer, as of {when}.

<service>/records.jsonl   every record, one JSON object a line: its kind, and all its fields. Complete and exact; the
                          signed receipt of the request names the SHA-256 of each of these files.
<service>/<kind>.csv      the same records as tables, for spreadsheets: UTF-8, a comma between cells. Lists and objects
                          are JSON. A cell that a spreadsheet would take for a formula has an apostrophe in front.

Services: customers (record, identities, consents, activities, timeline), survey (invitations, answers, feedback),
tickets (tickets, messages), metrics (scores), notifier (messages sent, rules that ran, events).
Times are UTC.
"""
# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
# ZIP cannot say earlier; the same content makes the same bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)


class Damaged(Exception):
    """A service's lines are not those whose digest it told."""


def bundle(lines: Mapping[str, bytes], digests: Mapping[str, str | None], *, issuer: str, when: str) -> bytes:
    """`lines` and their SHA-256 by service. Raises `Damaged`."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        _add(archive, "README.txt", README.format(issuer=issuer, when=when).encode())
        for service in sorted(lines):
            if hashlib.sha256(lines[service]).hexdigest() != digests.get(service):
                raise Damaged(service)
            _add(archive, f"{service}/records.jsonl", lines[service])
            for kind, table in _tables(lines[service]).items():
                _add(archive, f"{service}/{kind}.csv", table)
    return target.getvalue()


def _tables(lines: bytes) -> dict[str, bytes]:
    """A table for each kind, its columns in the order in which they first occur."""
    by_kind: dict[str, list[dict[str, Any]]] = {}
    for line in lines.splitlines():
        entry = orjson.loads(line)
        by_kind.setdefault(entry["kind"], []).append(entry["record"])
    return {kind: _table(records) for kind, records in by_kind.items()}


def _table(records: Iterable[Mapping[str, Any]]) -> bytes:
    columns = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows([[_cell(record.get(name)) for name in columns] for record in records])
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    return f"'{value}" if value.startswith(_FORMULA) else value


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)

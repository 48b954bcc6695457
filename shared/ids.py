"""Identifiers: UUIDv7 (RFC 9562), so that ids sort by the time they were made and index pages stay warm."""

from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7, strictly increasing within one process."""
    return uuid7()

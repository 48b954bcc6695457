"""Imports of customers from files: what was uploaded, how far it is, and what could not be taken."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.db.base import AccountOwned, Identified


class Import(AccountOwned, Identified, Base):
    """`next_portion` is where the work goes on; whatever was counted before it is done for good."""

    __tablename__ = "imports"

    name: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    encoding: Mapped[str] = mapped_column(Text)
    delimiter: Mapped[str | None] = mapped_column(Text)
    header: Mapped[list[str]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, str | None]] = mapped_column(JSONB)
    country: Mapped[str | None] = mapped_column(Text)
    dry_run: Mapped[bool]
    rows: Mapped[int]
    done: Mapped[int]
    created: Mapped[int]
    updated: Mapped[int]
    rejected: Mapped[int]
    next_portion: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_imports_account_id_id", "account_id", "id"),)


class ImportPortion(AccountOwned, Base):
    """Some lines of the file: `[line, [cell, ...]]` each."""

    __tablename__ = "import_portions"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[list[Any]] = mapped_column(JSONB)


class ImportRejection(AccountOwned, Base):
    """A line that was not taken, as it stood in the file, and why."""

    __tablename__ = "import_rejections"

    account_id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]] = mapped_column(JSONB)
    errors: Mapped[list[dict[str, str]]] = mapped_column(JSONB)

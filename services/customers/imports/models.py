"""Imports of customers from files: what was uploaded, how far it is, and what could not be taken."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from services.customers.db import Base
from shared.imports import ImportRow, PortionRow, RejectionRow


class Import(ImportRow, Base):
    """`country` is that of phone numbers without a country code."""

    __tablename__ = "imports"

    country: Mapped[str | None] = mapped_column(Text)
    created: Mapped[int]
    updated: Mapped[int]

    __table_args__ = (Index("ix_imports_account_id_id", "account_id", "id"),)


class ImportPortion(PortionRow, Base):
    __tablename__ = "import_portions"

    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id), primary_key=True)


class ImportRejection(RejectionRow, Base):
    __tablename__ = "import_rejections"

    import_id: Mapped[UUID] = mapped_column(ForeignKey(Import.id), primary_key=True)

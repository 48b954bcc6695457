"""Columns that the imports of every service have; a service mixes them into three tables of its own."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.base import AccountOwned, Identified


class ImportRow(AccountOwned, Identified):
    """What was uploaded, and how far it is: `next_portion` is where the work goes on; whatever was counted before it is
    done for good. `state`: uploaded, running, finished, cancelled, or what else the service knows."""

    name: Mapped[str | None] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    encoding: Mapped[str] = mapped_column(Text)
    delimiter: Mapped[str | None] = mapped_column(Text)
    header: Mapped[list[str]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    dry_run: Mapped[bool]
    rows: Mapped[int]
    done: Mapped[int]
    rejected: Mapped[int]
    next_portion: Mapped[int]
    version: Mapped[int]
    created_at: Mapped[datetime]
    created_by: Mapped[str] = mapped_column(Text)
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class PortionRow(AccountOwned):
    """Some lines of the file: `[line, [cell, ...]]` each. The service's `import_id` says of which."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    lines: Mapped[list[Any]] = mapped_column(JSONB)


class RejectionRow(AccountOwned):
    """A line that was not taken, as it stood in the file, and why: `pointer`, `code` and `detail` each."""

    account_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-10)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    cells: Mapped[list[str]] = mapped_column(JSONB)
    errors: Mapped[list[dict[str, str]]] = mapped_column(JSONB)

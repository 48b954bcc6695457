"""What is connected, what it sent, and how it is doing."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.survey.db import Base
from shared.db.base import AccountOwned, Identified


class Source(Identified, AccountOwned, Base):
    """A connected sender, or one of ours (`builtin`), of which there is one for each adapter.

    `state`: `active`, `paused` (what comes is kept, and read later) or `removed`, which stays to say 410. `token_hash`
    is the SHA-256 of its address's secret part, `former_token_hash` of the one before, which works until
    `former_token_until`; the same with `secrets`, which are sealed. `cursor` is where a poller goes on.

    `trouble`: null, `silent`, `unannounced`, `failing` or `denied`, since `trouble_since`. Silence begins after
    `silent_after_days`, or, if null, by its own rhythm. `failures` are those in a row of asking the platform.
    """

    __tablename__ = "sources"
    __table_args__ = (
        Index("uq_sources_token_hash", "token_hash", unique=True),
        Index(
            "ix_sources_former_token_hash", "former_token_hash", postgresql_where=text("former_token_hash is not null")
        ),
        Index("ix_sources_created_at", "account_id", "created_at", "id"),
        Index("uq_sources_builtin", "account_id", "adapter", unique=True, postgresql_where=text("builtin")),
    )

    version: Mapped[int]
    adapter: Mapped[str]
    builtin: Mapped[bool]
    name: Mapped[str]
    state: Mapped[str]
    settings: Mapped[dict[str, Any]] = mapped_column(JSONB)
    secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_secrets_until: Mapped[datetime | None]
    token_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_token_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    former_token_until: Mapped[datetime | None]
    silent_after_days: Mapped[int | None]
    cursor: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    trouble: Mapped[str | None]
    trouble_since: Mapped[datetime | None]
    trouble_detail: Mapped[str | None]
    failures: Mapped[int] = mapped_column(server_default=text("0"))
    # Looks at its platform for the sake of hints, since when they are counted.
    asked: Mapped[int] = mapped_column(server_default=text("0"))
    asking_since: Mapped[datetime | None]
    # Nobody asks its platform before.
    retry_at: Mapped[datetime | None]
    last_received_at: Mapped[datetime | None]
    last_heard_at: Mapped[datetime | None]
    last_polled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class Delivery(Identified, AccountOwned, Base):
    """One request of a sender, as it came; rows are written by `survey.accept_deliveries`.

    `delivery_id`: the sender's name of it, or a hash of its bytes; `once`: a token that must not come again. `headers`
    and `query` are pairs in the order of arrival, without the values of what is secret. `digest`: SHA-256 of the body.

    `state`: `received` (waits to be read), `read`, `quarantined` (signed, but unreadable; `problem` says why),
    `ignored` (came to a source that was removed meanwhile) or `erased` (its content is gone; that it came stays known,
    so that it does not come again). `items` counts what was in it.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("uq_deliveries_delivery_id", "account_id", "source_id", "delivery_id", unique=True),
        Index(
            "uq_deliveries_once",
            *("account_id", "source_id", "once"),
            unique=True,
            postgresql_where=text("once is not null"),
        ),
        Index("ix_deliveries_received_at", "account_id", "source_id", "received_at", "id"),
        Index("ix_deliveries_waiting", "account_id", "source_id", postgresql_where=text("state = 'received'")),
    )

    source_id: Mapped[UUID]
    delivery_id: Mapped[str]
    once: Mapped[str | None]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    scheme: Mapped[str]
    method: Mapped[str]
    headers: Mapped[list[list[str]]] = mapped_column(JSONB)
    query: Mapped[list[list[str]]] = mapped_column(JSONB)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str]
    problem: Mapped[str | None]
    items: Mapped[int]
    received_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class Rejection(AccountOwned, Base):
    """How many requests of an hour were refused for a reason. Nothing of what they said is kept."""

    __tablename__ = "rejections"
    __table_args__ = (PrimaryKeyConstraint("account_id", "source_id", "hour", "reason"),)

    source_id: Mapped[UUID]
    hour: Mapped[datetime]
    reason: Mapped[str]
    count: Mapped[int]
    last_at: Mapped[datetime]


class Replay(Identified, AccountOwned, Base):
    """Deliveries that are read again: those received from `since` until before `until`, `total` when it began.

    `state`: `running` or `done`. `reached_at` and `reached_id` are the last delivery whose turn has come.
    """

    __tablename__ = "replays"
    __table_args__ = (
        Index("ix_replays_source_id", "account_id", "source_id", "created_at", "id"),
        Index("uq_replays_running", "account_id", "source_id", unique=True, postgresql_where=text("state = 'running'")),
    )

    source_id: Mapped[UUID]
    since: Mapped[datetime]
    until: Mapped[datetime]
    state: Mapped[str]
    total: Mapped[int]
    reached_at: Mapped[datetime | None]
    reached_id: Mapped[UUID | None]
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

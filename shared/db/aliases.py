"""Aliases: an id that stands for another, as when two records turn out to be one thing, until that is taken back.

A table follows them by two columns: what a row belongs to at `present`, and under which other id it came, if it did
(`origin`, else null). A trigger sees to both for whoever writes a row, so a row that comes late under a former id goes
where it belongs, and none is missed by an alias that is made at the same moment.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Column, Index, Integer, MetaData, PrimaryKeyConstraint, Table, Uuid, text

from shared.bus.ddl import Operations
from shared.db.rls import enable_row_security
from shared.work import Work

_TABLE = """
create table "{schema}".aliases (
    account_id uuid not null,
    id uuid not null,
    stands_for uuid,
    version integer not null,
    constraint pk_aliases primary key (account_id, id)
);
create index ix_aliases_stands_for on "{schema}".aliases (account_id, stands_for) where stands_for is not null;
"""

# Aliases of aliases are followed to their end. A circle, which events out of order may make for a moment, has none.
# Nearly every id stands for itself, and every row that is written asks: that is one look into the index.
_FUNCTION = """
create function "{schema}".present_id(account uuid, former uuid) returns uuid language plpgsql stable as $$
begin
    if not exists (
        select from "{schema}".aliases alias
        where alias.account_id = account and alias.id = former and alias.stands_for is not null
    ) then
        return former;
    end if;
    return coalesce((
        with recursive chain (id) as (
            select former
            union
            select alias.stands_for from "{schema}".aliases alias join chain on alias.id = chain.id
            where alias.account_id = account and alias.stands_for is not null
        )
        select chain.id from chain where not exists (
            select from "{schema}".aliases alias
            where alias.account_id = account and alias.id = chain.id and alias.stands_for is not null
        )
    ), former);
end $$
"""

# Each statement of this function sees what was committed before it: the lock comes first, so no alias is overlooked.
_TRIGGER_FUNCTION = """
create function "{schema}".follow_aliases() returns trigger language plpgsql as $$
declare
    claimed uuid := coalesce(new.{origin}, new.{present});
begin
    if tg_op = 'UPDATE' and new.{present} is distinct from old.{present}
            and new.{origin} is not distinct from old.{origin} then
        claimed := new.{present};
    end if;
    if claimed is not null then
        perform pg_advisory_xact_lock_shared(hashtextextended('{schema}.aliases ' || new.account_id, 0));
    end if;
    new.{present} := "{schema}".present_id(new.account_id, claimed);
    new.{origin} := nullif(claimed, new.{present});
    return new;
end $$
"""

_TRIGGER = """
create trigger follow_aliases before insert or update of {present}, {origin} on "{schema}"."{table}"
for each row execute function "{schema}".follow_aliases()
"""


def create_aliases(op: Operations, schema: str, *, present: str, origin: str) -> None:
    """The table of aliases and what makes tables follow it. `present` and `origin` are columns of those tables."""
    names = {"schema": schema, "present": present, "origin": origin}
    for statement in (*_TABLE.split(";\n"), _FUNCTION, _TRIGGER_FUNCTION):
        if statement.strip():
            op.execute(statement.format(**names))
    enable_row_security(op, schema, "aliases")


def follow_aliases(op: Operations, schema: str, table: str, *, present: str, origin: str) -> None:
    """Make a table, which has the column `present`, follow the aliases; adds the column `origin` if it is missing."""
    op.execute(f'alter table "{schema}"."{table}" add column if not exists {origin} uuid')
    op.execute(
        f'create index if not exists ix_{table}_{origin} on "{schema}"."{table}" (account_id, {origin}) '
        f"where {origin} is not null"
    )
    op.execute(_TRIGGER.format(schema=schema, table=table, present=present, origin=origin))


def origin_index(table: str, origin: str) -> Index:
    """The index that `follow_aliases` makes, for the model."""
    return Index(f"ix_{table}_{origin}", "account_id", origin, postgresql_where=text(f"{origin} is not null"))


def aliases_in(metadata: MetaData, *tables: str, present: str, origin: str) -> "Aliases":
    """Declares the table of aliases in the metadata's schema, which `tables` follow; see `follow_aliases`."""
    Table(
        "aliases",
        metadata,
        Column("account_id", Uuid, nullable=False),
        Column("id", Uuid, nullable=False),
        Column("stands_for", Uuid),
        Column("version", Integer, nullable=False),
        PrimaryKeyConstraint("account_id", "id", name="pk_aliases"),
        Index("ix_aliases_stands_for", "account_id", "stands_for", postgresql_where=text("stands_for is not null")),
    )
    return Aliases(str(metadata.schema), tables, present, origin)


@dataclass(frozen=True, slots=True)
class Aliases:
    """The aliases of one schema, and the tables that follow them."""

    schema: str
    tables: Collection[str]
    present: str
    origin: str

    async def point(self, work: Work, former: UUID, to: UUID | None, *, version: int) -> bool:
        """From now on `former` stands for `to`, or for itself again if that is None; rows that are there follow.

        Returns whether that was news: `version` is what is known of `former`, and older news change nothing.
        """
        values = {"account_id": work.account_id, "id": former, "to": to, "version": version}
        lock = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
        await work.session.execute(lock, {"name": f"{self.schema}.aliases {work.account_id}"})
        learned = await work.session.execute(
            text(f"""
                insert into "{self.schema}".aliases as known (account_id, id, stands_for, version)
                values (:account_id, :id, :to, :version)
                on conflict (account_id, id) do update set stands_for = excluded.stands_for, version = excluded.version
                where known.version < excluded.version
                returning id
            """),
            values,
        )
        if learned.first() is None:
            return False
        for table in self.tables:
            await work.session.execute(text(self._sweep(table)), {"account_id": work.account_id, "id": former})
        return True

    def _former(self) -> str:
        return f"""
            with recursive former (id) as (
                select cast(:id as uuid)
                union
                select alias.id from "{self.schema}".aliases alias join former on alias.stands_for = former.id
                where alias.account_id = :account_id
            )
        """

    def _sweep(self, table: str) -> str:
        """Rows that came under `id`, or under what stands for it, are written again; the trigger does the rest."""
        return f"""
            {self._former()}
            update "{self.schema}"."{table}" held set {self.origin} = coalesce(held.{self.origin}, held.{self.present})
            where held.account_id = :account_id and (
                held.{self.origin} in (select id from former)
                or held.{self.origin} is null and held.{self.present} in (select id from former)
            )
        """

    async def former_ids(self, work: Work, present: UUID) -> Collection[UUID]:
        """The id and all that stand for it, directly or by others."""
        statement = text(f"{self._former()} select id from former")
        return set(await work.session.scalars(statement, {"account_id": work.account_id, "id": present}))

    async def present_ids(self, work: Work, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """What each stands for today: itself, if nothing else."""
        return {one: one for one in ids} | dict(await self.moved_ids(work, ids))

    async def moved_ids(self, work: Work, ids: Collection[UUID]) -> Mapping[UUID, UUID]:
        """What those of them stand for today that stand for another."""
        found = await work.session.execute(
            text(f"""
                select id as former, "{self.schema}".present_id(:account_id, id) as present from "{self.schema}".aliases
                where account_id = :account_id and stands_for is not null and id = any(cast(:ids as uuid[]))
            """),
            {"account_id": work.account_id, "ids": list(ids)},
        )
        return {row.former: row.present for row in found}

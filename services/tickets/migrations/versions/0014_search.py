"""Words of tickets, and finding tickets by them."""

from alembic import op

from shared.db.rls import enable_row_security, grant

revision = "0014"
down_revision = "0013"

STATEMENTS = """
create table tickets.ticket_texts (
    account_id uuid not null,
    ticket_id uuid not null,
    words tsvector not null,
    constraint pk_ticket_texts primary key (ticket_id),
    constraint fk_ticket_texts_ticket_id_tickets foreign key (ticket_id) references tickets.tickets (id)
);
create index ix_ticket_texts_words on tickets.ticket_texts using gin (words);
create index ix_ticket_texts_account_id_ticket_id on tickets.ticket_texts (account_id, ticket_id)
"""

# The index on words cannot be used under row-level security, because PostgreSQL does not count `@@` among the operators
# that leak nothing. So the administrator's function asks, of the account that the transaction is set to and no other.
# The question is planned with its words, or a rare one and one that everybody uses would be looked for in the same way.
SEARCH = """
create function tickets.search(asked text, below uuid, most integer) returns setof uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
    mine constant uuid := nullif(current_setting('heed.account_id', true), '')::uuid;
    wanted text := websearch_to_tsquery('simple', asked)::text;
begin
    if mine is null or wanted = '' then
        return;
    end if;
    if asked ~ '\\w{3,}$' and right(wanted, 1) = chr(39) then
        wanted := wanted || ':*';
    end if;
    return query execute
        'select ticket_id from tickets.ticket_texts
         where account_id = $1 and words @@ $2 and ($3 is null or ticket_id < $3)
         order by ticket_id desc limit $4'
        using mine, (quote_literal(replace(mine::text, '-', '')) || ' & (' || wanted || ')')::tsquery, below, most;
end
$$
"""
SIGNATURE = "tickets.search(text, uuid, integer)"

# Of the tickets that are there already, all that they can be found by.
FILL = """
insert into tickets.ticket_texts (account_id, ticket_id, words)
select account_id, id, to_tsvector('simple', left(concat_ws(' ',
    replace(account_id::text, '-', ''), number, subject, description, array_to_string(tags, ' '), (
        select name from tickets.contacts contact
        where contact.account_id = ticket.account_id and contact.id = ticket.customer_id
    ), (
        select string_agg(text, ' ' order by id desc) from tickets.messages message
        where message.account_id = ticket.account_id and message.ticket_id = ticket.id
    )
), 100000))
from tickets.tickets ticket
"""


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    op.execute(FILL)
    enable_row_security(op, "tickets", "ticket_texts")
    op.execute(SEARCH)
    op.execute(f"revoke all on function {SIGNATURE} from public")
    grant(op, "heed_tickets", "execute on function", [SIGNATURE])

"""The knowledge base: articles in several languages, their revisions, votes and files, and what was searched for."""

from alembic import op

from shared.db.rls import enable_row_security

revision = "0010"
down_revision = "0009"

STATEMENTS = """
create table tickets.article_categories (
    id uuid not null,
    account_id uuid not null,
    version integer not null,
    names jsonb not null,
    position integer not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    constraint pk_article_categories primary key (id)
);
create index ix_article_categories_account_id_position on tickets.article_categories (account_id, position, id);
create table tickets.articles (
    id uuid not null,
    account_id uuid not null,
    version integer not null,
    category_id uuid,
    visibility text not null,
    publish_at timestamptz,
    published_at timestamptz,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    updated_by text not null,
    helpful integer not null,
    unhelpful integer not null,
    constraint pk_articles primary key (id),
    constraint fk_articles_category_id_article_categories foreign key (category_id)
        references tickets.article_categories (id),
    constraint ck_articles_visibility check (visibility in ('draft', 'internal', 'public'))
);
create index ix_articles_account_id_updated_at on tickets.articles (account_id, updated_at, id);
create index ix_articles_account_id_category_id on tickets.articles (account_id, category_id)
    where category_id is not null;
create table tickets.article_translations (
    account_id uuid not null,
    article_id uuid not null,
    locale text not null,
    title text not null,
    summary text not null,
    body text not null,
    questions text[] not null,
    words text not null,
    search tsvector not null,
    updated_at timestamptz not null,
    constraint pk_article_translations primary key (article_id, locale),
    constraint fk_article_translations_article_id_articles foreign key (article_id)
        references tickets.articles (id) on delete cascade
);
create index ix_article_translations_account_id_locale on tickets.article_translations (account_id, locale);
create table tickets.article_revisions (
    account_id uuid not null,
    article_id uuid not null,
    version integer not null,
    at timestamptz not null,
    actor text not null,
    note text,
    content jsonb not null,
    constraint pk_article_revisions primary key (article_id, version),
    constraint fk_article_revisions_article_id_articles foreign key (article_id)
        references tickets.articles (id) on delete cascade
);
create table tickets.article_votes (
    account_id uuid not null,
    article_id uuid not null,
    visitor bytea not null,
    helpful boolean not null,
    comment text,
    at timestamptz not null,
    constraint pk_article_votes primary key (article_id, visitor),
    constraint fk_article_votes_article_id_articles foreign key (article_id)
        references tickets.articles (id) on delete cascade
);
create table tickets.article_attachments (
    id uuid not null,
    account_id uuid not null,
    article_id uuid not null,
    name text not null,
    media_type text not null,
    size integer not null,
    created_at timestamptz not null,
    constraint pk_article_attachments primary key (id),
    constraint fk_article_attachments_article_id_articles foreign key (article_id)
        references tickets.articles (id) on delete cascade
);
create index ix_article_attachments_account_id_article_id on tickets.article_attachments (account_id, article_id, id);
create table tickets.article_words (
    account_id uuid not null,
    locale text not null,
    word text not null,
    grams text[] not null,
    constraint pk_article_words primary key (account_id, locale, word)
);
create table tickets.article_synonyms (
    account_id uuid not null,
    version integer not null,
    groups jsonb not null,
    updated_at timestamptz not null,
    constraint pk_article_synonyms primary key (account_id)
);
create table tickets.article_misses (
    account_id uuid not null,
    locale text not null,
    query text not null,
    origin text not null,
    searches integer not null,
    first_at timestamptz not null,
    last_at timestamptz not null,
    constraint pk_article_misses primary key (account_id, locale, query)
);
create index ix_article_misses_account_id_searches on tickets.article_misses (account_id, searches, query)
"""

TABLES = (
    *("article_categories", "articles", "article_translations", "article_revisions", "article_votes"),
    *("article_attachments", "article_words", "article_synonyms", "article_misses"),
)


def upgrade() -> None:
    for statement in STATEMENTS.split(";\n"):
        op.execute(statement)
    enable_row_security(op, "tickets", *TABLES)

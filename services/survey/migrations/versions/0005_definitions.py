"""A survey is a whole definition: pages, logic, languages; no longer a list of two kinds of question."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_WITH_POINTS = ("csat", "ces")


def upgrade() -> None:
    for table, key in (("surveys", ("id",)), ("survey_versions", ("survey_id", "version"))):
        op.add_column(table, sa.Column("definition", JSONB), schema="survey")
        _convert(sa.table(table, *map(sa.column, key), schema="survey"), key)
        op.alter_column(table, "definition", nullable=False, schema="survey")
        op.drop_column(table, "questions", schema="survey")
        op.drop_column(table, "locale", schema="survey")


def _convert(table: sa.TableClause, key: tuple[str, ...]) -> None:
    columns = [sa.column("locale"), sa.column("questions", JSONB), sa.column("definition", JSONB)]
    for column in columns:
        table.append_column(column)
    connection = op.get_bind()
    for row in connection.execute(sa.select(*(table.c[name] for name in key), table.c.locale, table.c.questions)):
        mine = sa.and_(*(table.c[name] == getattr(row, name) for name in key))
        definition = converted(row.questions, row.locale)
        connection.execute(sa.update(table).where(mine).values(definition=definition))


def converted(questions: list[dict[str, Any]], locale: str) -> dict[str, Any]:
    """The definition that asks the same in the same languages."""
    locales = sorted(
        {each for question in questions for each in question["texts"]}, key=lambda each: (each != locale, each)
    )
    return {"locales": locales, "pages": [{"key": "page", "questions": [_question(each) for each in questions]}]}


def _question(old: dict[str, Any]) -> dict[str, Any]:
    fields = {field for texts in old["texts"].values() for field in texts}
    words = {
        field: {locale: texts[field] for locale, texts in old["texts"].items() if field in texts}
        for field in sorted(fields)
    }
    new: dict[str, Any] = {"key": old["key"], "required": old["required"], **words}
    if old["type"] == "text":
        return new | {"type": "long_text", "longest": old["longest"]}
    scheme = old["scheme"]
    new |= {"type": scheme}
    if scheme in _WITH_POINTS:
        new["points"] = old["maximum"]
    return new | ({"direction": old["direction"]} if scheme == "ces" else {})

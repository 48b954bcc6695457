"""The texts every account starts with, one pair of files a kind and language; `layout.mjml` is around all of them.

In a `.txt` file the first line is the subject. To add a language, add its files, its months to `moments` and its code
to `kinds.LOCALES`.
"""

from functools import cache
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert

from services.notifier.preferences.texts import language_of, texts_of
from services.notifier.templates.kinds import KINDS, LOCALES
from services.notifier.templates.models import Template
from services.notifier.templates.rendering import compile_mjml
from shared.ids import new_id
from shared.work import Work

_HERE = Path(__file__).parent
_BODY = "<!-- body -->"
_LINK = "<!-- preferences -->"


async def seed(work: Work) -> None:
    """Give the account the texts that it does not have. Safe to repeat; edited ones stay."""
    rows = [
        {"id": new_id(), "account_id": work.account_id, "version": 1, "updated_at": work.now}
        | built_in_text(key, locale)
        for key in KINDS
        for locale in LOCALES
    ]
    statement = insert(Template).values(rows)
    await work.session.execute(statement.on_conflict_do_nothing(index_elements=["account_id", "key", "locale"]))


@cache
def built_in_text(key: str, locale: str) -> dict[str, str]:
    """The columns of one text."""
    subject, _, text = (_HERE / f"{key}.{locale}.txt").read_text().partition("\n")
    layout = (_HERE / "layout.mjml").read_text().replace('lang="en"', f'lang="{locale}"')
    link = texts_of(language_of(locale))["link"]
    layout = layout.replace(_LINK, link)
    mjml = layout.replace(_BODY, (_HERE / f"{key}.{locale}.mjml").read_text().strip())
    return {
        "key": key,
        "locale": locale,
        "subject": subject.removeprefix("Subject: "),
        "text": f"{text.strip()}\n{{% if preferences_url %}}\n\n{link}:\n{{{{ preferences_url }}}}\n{{% endif %}}",
        "mjml": mjml,
        "html": compile_mjml(mjml),
    }

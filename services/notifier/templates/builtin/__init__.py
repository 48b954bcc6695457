"""The texts every account starts with: three files a kind, for mail as text, as MJML inside `layout.mjml`, and for SMS.

In a `.txt` file the first line is the subject. What stands in double brackets is said in each language's own words.
"""

from functools import cache
from pathlib import Path

from sqlalchemy.dialects.postgresql import insert

from services.notifier.preferences.texts import texts_of
from services.notifier.templates.kinds import KINDS
from services.notifier.templates.models import Template
from services.notifier.templates.rendering import compile_mjml
from services.notifier.templates.texts import LOCALES, worded
from shared.ids import new_id
from shared.work import Work

_HERE = Path(__file__).parent
_BODY = "<!-- body -->"
_LINK = "<!-- preferences -->"
_STOP = "\n{% if preferences_url %}[[stop]] {{ preferences_url }}{% endif %}"


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
    subject, _, text = _file(f"{key}.txt", locale).partition("\n")
    link = texts_of(locale)["link"]
    layout = _file("layout.mjml", locale).replace('lang="en"', f'lang="{locale}"').replace(_LINK, link)
    mjml = layout.replace(_BODY, _file(f"{key}.mjml", locale).strip())
    return {
        "key": key,
        "locale": locale,
        "subject": subject.removeprefix("Subject: "),
        "text": f"{text.strip()}\n{{% if preferences_url %}}\n\n{link}:\n{{{{ preferences_url }}}}\n{{% endif %}}",
        "sms": _file(f"{key}.sms", locale).strip() + worded(_STOP, locale),
        "mjml": mjml,
        "html": compile_mjml(mjml),
    }


def _file(name: str, locale: str) -> str:
    return worded((_HERE / name).read_text(), locale)

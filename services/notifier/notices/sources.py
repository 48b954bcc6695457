"""How trouble with a source reads, in the account's language."""

from collections.abc import Mapping

from services.notifier.notices.texts import words_for
from services.notifier.templates.rendering import one_line
from shared.contracts.sources import SourceTroubled


def mail_about(source: SourceTroubled, locale: str) -> tuple[str, str]:
    """Subject and text. What a platform itself said stays in its words."""
    words, name = words_for(locale), one_line(source.name)
    what = words[source.trouble]
    paragraphs = (
        words["source"].format(name=name, adapter=source.adapter, what=what),
        words["seen"].format(seen=_seen(source, words)),
        words["do"].format(remedy=words[f"remedy_{source.trouble}"].format(source_id=source.source_id)),
        words["once"],
    )
    return f"{name} {what}", "\n\n".join(paragraphs) + "\n"


def _seen(source: SourceTroubled, words: Mapping[str, str]) -> str:
    seen = source.evidence
    if seen is None:
        return source.detail
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(seen.reasons.items()))
    since = f"{seen.since:%Y-%m-%d %H:%M} UTC" if seen.since else ""
    return words[f"seen_{seen.kind}"].format(count=seen.count, reasons=reasons, since=since)

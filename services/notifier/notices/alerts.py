"""How an alarm reads, in the account's language."""

from datetime import timedelta

from services.notifier.notices.texts import words_for
from services.notifier.templates.rendering import one_line
from shared.contracts.metrics import AlertRaised

_ONE_DAY = timedelta(days=1)


def mail_about(alarm: AlertRaised, locale: str) -> tuple[str, str]:
    """Subject and text. What a metric is called stays in the catalogue's words, groups in those of the account."""
    words = words_for(locale)
    what = words[f"alert_{alarm.direction}"]
    value, expected = (words["alert_none"] if each is None else f"{each:g}" for each in (alarm.value, alarm.expected))
    last = alarm.until - _ONE_DAY
    paragraphs = [
        words["alert_moved"].format(
            title=alarm.title, what=what, since=alarm.since, until=last, value=value, expected=expected
        ),
        words["alert_noise"].format(
            change=f"{alarm.change:+g}",
            low=f"{alarm.low:+g}",
            high=f"{alarm.high:+g}",
            n=alarm.n,
            name=one_line(alarm.name),
        ),
    ]
    if alarm.groups:
        paragraphs.append(words["alert_groups"].format(groups=", ".join(one_line(group) for group in alarm.groups)))
    if alarm.causes:
        named = (f"{each.dimension} {one_line(each.group or '-')} ({each.share:.0%})" for each in alarm.causes)
        paragraphs.append(words["alert_causes"].format(causes=", ".join(named)))
    paragraphs += [words["alert_where"].format(alarm_id=alarm.alarm_id), words["alert_once"]]
    return f"{alarm.title} {what}", "\n\n".join(paragraphs) + "\n"

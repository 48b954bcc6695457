"""`/v1/templates`: the account's texts, checked when they are saved."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from services.notifier.templates.builtin import built_in_text
from services.notifier.templates.checking import check
from services.notifier.templates.kinds import KINDS
from services.notifier.templates.moments import moment, zone_of
from services.notifier.templates.rendering import Source, compile_mjml, name_in_text, one_line, paragraphs, render
from services.notifier.templates.schemas import TemplateText
from services.notifier.templates.service import compile_source
from services.notifier.templates.texts import LOCALES, language_of, words_of
from shared.contracts.notifier import TemplateChanged
from shared.expressions.shapes import example_of
from shared.http.errors import Unacceptable
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.notifier.builders import a_customer, an_account, messages_of, send_messages, ticket_replied

MJML = "<mjml><mj-body><mj-section><mj-column><mj-text>{}</mj-text></mj-column></mj-section></mj-body></mjml>"


def a_text(**changes: str) -> dict[str, str]:
    return {
        "subject": "About {{ number }}",
        "text": "{{ text }}",
        "mjml": MJML.format("{{ text | paragraphs }}"),
    } | changes


async def template_of(notifier: Harness, account: UUID, key: str = "reply", locale: str = "en") -> dict[str, Any]:
    await an_account(notifier, account)
    query = {"key": key, "locale": locale}
    [found] = (await notifier.client(account=account).get("/v1/templates", params=query)).json()["data"]
    template: dict[str, Any] = found
    return template


def variables_in(words: Any) -> set[tuple[str, str]]:
    return set(re.findall(r"{{ *([a-z_.]+)|{([a-z]+)}", str(words)))


class TestWhoMay:
    @pytest.mark.parametrize(
        ("method", "path"), [("GET", ""), ("GET", "/{id}"), ("PUT", "/{id}"), ("POST", "/{id}/preview")]
    )
    async def test_nobody_anonymous(self, notifier: Harness, method: str, path: str) -> None:
        address = "/v1/templates" + path.replace("{id}", str(new_id()))
        assert (await notifier.anonymous().request(method, address)).status_code == 401

    @pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PUT", ""), ("POST", "/preview")])
    async def test_no_other_account(self, notifier: Harness, account: UUID, method: str, path: str) -> None:
        template = await template_of(notifier, account)
        other = notifier.client(account=new_id())
        body = a_text() if method == "PUT" else None
        assert (await other.request(method, f"/v1/templates/{template['id']}{path}", json=body)).status_code == 404
        assert (await other.get("/v1/templates")).json()["data"] == []

    async def test_reading_is_not_writing(self, notifier: Harness, account: UUID) -> None:
        template = await template_of(notifier, account)
        reader = notifier.client("templates:read", account=account)
        assert (await reader.put(f"/v1/templates/{template['id']}", json=a_text())).status_code == 403


class TestWhatEveryAccountStartsWith:
    @pytest.mark.parametrize("key", sorted(KINDS))
    @pytest.mark.parametrize("locale", LOCALES)
    def test_would_be_accepted_from_a_customer_too(self, key: str, locale: str) -> None:
        text, kind = built_in_text(key, locale), KINDS[key]
        body = TemplateText(subject=text["subject"], text=text["text"], mjml=text["mjml"])
        rendered = render(compile_source(body, kind), example_of(kind.shape), locale=locale, zone=zone_of("UTC"))
        assert "{{" not in rendered.subject + rendered.text + rendered.html
        assert "fonts.googleapis" not in rendered.html, "a mail that calls somebody when it is opened"
        assert rendered.html.count(f"<title>{rendered.subject}</title>") == 1

    @pytest.mark.parametrize("key", ["acknowledgement", "reply", "resolved"])
    @pytest.mark.parametrize("locale", LOCALES)
    def test_tells_customers_nothing_that_was_written_for_colleagues(self, key: str, locale: str) -> None:
        text = built_in_text(key, locale)
        internal = {"subject": "After delivery: 2 of 10", "reason": "gave in, she shouts"}
        variables = example_of(KINDS[key].shape) | internal | {"business": {"name": "Lindenhof"}, "number": 7}
        source = Source(text["subject"], text["text"], text["html"])
        rendered = render(source, variables, locale=locale, zone=zone_of("UTC"))
        whole = rendered.subject + rendered.text + rendered.html
        assert "2 of 10" not in whole
        assert "gave in" not in whole
        assert rendered.subject.endswith("[#7]")
        assert "Lindenhof" in rendered.text
        assert "Lindenhof" in rendered.html

    @pytest.mark.parametrize("url", ["https://heed.example/solved/abc", None])
    def test_asks_whether_it_is_solved_where_that_can_be_said(self, url: str | None) -> None:
        text = built_in_text("resolved", "en")
        variables = example_of(KINDS["resolved"].shape) | {"confirmation_url": url}
        source = Source(text["subject"], text["text"], text["html"])
        rendered = render(source, variables, locale="en", zone=zone_of("UTC"))
        for body in (rendered.text, rendered.html):
            assert ("Is it solved?" in body) == (url is not None)
            assert (f"{url}?solved=yes" in body and f"{url}?solved=no" in body) == (url is not None)

    @pytest.mark.parametrize("locale", LOCALES)
    def test_says_the_same_in_every_language(self, locale: str) -> None:
        english, other = words_of("en"), words_of(locale)
        assert (len(other["days"]), len(other["months"])) == (7, 12)
        for key, value in english.items():
            own = other[key]
            if isinstance(value, dict):
                assert own.keys() == value.keys(), key
            if key not in ("days", "months"):
                assert variables_in(own) == variables_in(value), key

    def test_reads_from_the_right_where_the_language_does(self) -> None:
        text = built_in_text("reply", "ar")
        source = Source(text["subject"], text["text"], text["html"])
        rendered = render(source, example_of(KINDS["reply"].shape), locale="ar", zone=zone_of("UTC"))
        assert 'lang="ar" dir="rtl"' in rendered.html
        assert "direction:ltr" not in rendered.html
        assert "text-align:left" not in rendered.html

    @pytest.mark.parametrize(
        ("locale", "language"), [("de-AT", "de"), ("DE_ch", "de"), ("pt-BR", "pt"), ("sv", "en"), ("", "en")]
    )
    def test_comes_in_the_nearest_language(self, locale: str, language: str) -> None:
        assert language_of(locale) == language


class TestChanging:
    async def test_is_seen_by_the_next_customer(self, notifier: Harness, account: UUID) -> None:
        template = await template_of(notifier, account)
        path = f"/v1/templates/{template['id']}"
        saved = await notifier.client(account=account).put(
            path, json=a_text(text="Dear {{ customer.name }}: {{ text }}")
        )
        assert (saved.status_code, saved.headers["etag"]) == (200, '"2"')
        [told] = await notifier.emitted(account, TemplateChanged)
        assert told.data.key == "reply"  # type: ignore[attr-defined]
        ana = await a_customer(notifier, account)
        await notifier.deliver(ticket_replied(ana, text="Yes."), account=account)
        await send_messages(notifier)
        [message] = await messages_of(notifier, account)
        assert (message["subject"], message["text"]) == ("About 7", "Dear Ana: Yes.")

    async def test_with_an_old_etag_is_refused(self, notifier: Harness, account: UUID) -> None:
        template = await template_of(notifier, account)
        client, path = notifier.client(account=account), f"/v1/templates/{template['id']}"
        answers = [await client.put(path, json=a_text(), headers={"If-Match": '"1"'}) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 412]

    @pytest.mark.parametrize(
        ("changes", "pointer", "word"),
        [
            ({"text": "{{ nmber }}"}, "/text", "`nmber`"),
            ({"subject": "{{ business.nme }}"}, "/subject", "`business.nme`"),
            ({"mjml": MJML.format("{{ customer.email }}")}, "/mjml", "`customer.email`"),
            ({"text": "{% if false %}{{ nothing }}{% endif %}"}, "/text", "`nothing`"),
            ({"text": "{{ number"}, "/text", "end of"),
            ({"text": "{% for x in text %}{{ x }}"}, "/text", "Unexpected end"),
            ({"text": "{{ text.upper() }}"}, "/text", "call"),
            ({"text": "{{ ''.__class__ }}"}, "/text", "only variables have fields"),
            ({"text": "{{ 'x' * 1000000000 }}"}, "/text", "mul"),
            ({"text": "{% include 'secrets' %}"}, "/text", "include"),
            ({"text": "{% set x = 1 %}"}, "/text", "assign"),
            ({"text": "{{ text | safe }}"}, "/text", "safe"),
            ({"text": "{{ self }}"}, "/text", "`self`"),
            ({"text": "{{ cycler }}"}, "/text", "`cycler`"),
            ({"mjml": "<mjml><mj-body>"}, "/mjml", "MJML"),
            ({"mjml": "no markup at all"}, "/mjml", "MJML"),
            ({"mjml": MJML.format("</mj-text><mj-table>é%>")}, "/mjml", "MJML"),
            ({"subject": ""}, "/subject", "at least 1"),
            ({"mjml": "x" * 50_001}, "/mjml", "at most"),
            ({"text": "\x00"}, "/text", "NUL"),
        ],
    )
    async def test_names_what_is_wrong_and_changes_nothing(
        self, notifier: Harness, account: UUID, changes: dict[str, str], pointer: str, word: str
    ) -> None:
        template = await template_of(notifier, account)
        client, path = notifier.client(account=account), f"/v1/templates/{template['id']}"
        answer = await client.put(path, json=a_text(**changes))
        assert answer.status_code == 422
        error = answer.json()["errors"][0]
        assert error["pointer"] == pointer
        assert word in error["detail"]
        assert (await client.get(path)).json()["version"] == 1

    def test_nothing_is_read_from_elsewhere(self) -> None:
        with pytest.raises(Unacceptable):
            compile_mjml('<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>')

    @pytest.mark.parametrize("step", ["<mj-section>", "<!-- </a> --><mj-section>", '<mj-section a="</mj-section>">'])
    def test_nesting_that_would_exhaust_the_parser_never_reaches_it(self, step: str) -> None:
        with pytest.raises(Unacceptable, match="tags"):
            compile_mjml(f"<mjml><mj-body>{step * 3_000}</mj-body></mjml>")

    @pytest.mark.parametrize(
        "text",
        ["{{ " + "(" * 6_000 + "number" + ")" * 6_000 + " }}", "{% if number %}" * 1_000 + "{% endif %}" * 1_000],
    )
    def test_nor_does_it_exhaust_the_other(self, text: str) -> None:
        with pytest.raises(Unacceptable, match="deeply"):
            check(text, KINDS["reply"].shape, pointer="/text")


class TestPreviewing:
    async def test_fills_in_examples_and_the_accounts_own_name(self, notifier: Harness, account: UUID) -> None:
        template = await template_of(notifier, account, key="acknowledgement")
        reader = notifier.client("templates:read", account=account)
        shown = (await reader.post(f"/v1/templates/{template['id']}/preview")).json()
        assert "Lindenhof" in shown["html"]
        assert "Monday, 2 March, 10:30 CET" in shown["text"]

    async def test_shows_an_unsaved_text_with_given_values(self, notifier: Harness, account: UUID) -> None:
        template = await template_of(notifier, account)
        client, path = notifier.client(account=account), f"/v1/templates/{template['id']}/preview"
        body = {"template": a_text(), "variables": {"number": 99, "text": "A & B"}}
        shown = (await client.post(path, json=body)).json()
        assert (shown["subject"], shown["text"]) == ("About 99", "A & B")
        assert "A &amp; B" in shown["html"]
        wrong = await client.post(path, json={"template": a_text(text="{{ nmber }}")})
        assert wrong.status_code == 422

    async def test_says_so_when_values_do_not_fit(self, notifier: Harness, account: UUID) -> None:
        template = await template_of(notifier, account, key="acknowledgement")
        path = f"/v1/templates/{template['id']}/preview"
        body = {"variables": {"first_response_due_at": "soon"}}
        answer = await notifier.client(account=account).post(path, json=body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/variables"


class TestTexts:
    @pytest.mark.parametrize(
        ("zone", "locale", "written"),
        [
            ("Europe/Berlin", "en", "Monday, 2 March, 10:30 CET"),
            ("Europe/Berlin", "de", "Montag, 2. März, 10:30 Uhr (CET)"),
            ("America/Sao_Paulo", "en", "Monday, 2 March, 06:30 Sao Paulo"),
            ("Nowhere/At_All", "en", "Monday, 2 March, 09:30 UTC"),
            ("../etc", "en", "Monday, 2 March, 09:30 UTC"),
            ("Europe", "en", "Monday, 2 March, 09:30 UTC"),
        ],
    )
    def test_a_time_is_the_readers_own_and_says_whose(self, zone: str, locale: str, written: str) -> None:
        assert moment(datetime(2026, 3, 2, 9, 30, tzinfo=UTC), locale, zone_of(zone)) == written

    def test_a_title_is_the_subject_and_never_markup(self) -> None:
        html = compile_mjml(MJML.format("{{ text }}"))
        rendered = render(Source("{{ text }}", "", html), {"text": "<b>&"}, locale="en", zone=UTC)
        assert "<title>&lt;b&gt;&amp;</title>" in rendered.html

    def test_what_a_customer_wrote_is_never_markup(self) -> None:
        assert "<script>" not in paragraphs("<script>alert(1)</script>\n\nb")
        assert str(paragraphs("a\nb")) == "<p style='margin:0 0 12px'>a<br>b</p>"

    @pytest.mark.parametrize("value", ["a\r\nb", "a\u2028b", "a\x85 b", " a\t\n\nb "])
    def test_a_subject_is_one_line(self, value: str) -> None:
        assert one_line(value) == "a b"


class TestWordsThatAreNotThere:
    @pytest.mark.parametrize("key", ["invitation", "reminder"])
    @pytest.mark.parametrize(
        ("low", "high", "expected"),
        [("", "", None), ("No", "Yes", "0 = No, 1 = Yes"), ("No", "", "0 = No"), ("", "Yes", "1 = Yes")],
    )
    def test_ends_without_words_are_left_out(self, key: str, low: str, high: str, expected: str | None) -> None:
        scores = [{"score": score, "url": f"https://x.example/{score}"} for score in (0, 1)]
        variables = example_of(KINDS[key].shape) | {"scores": scores, "low_label": low, "high_label": high}
        text = built_in_text(key, "en")
        source = Source(text["subject"], text["text"], text["html"], text["sms"])
        shown = render(source, variables, locale="en", zone=UTC)
        lines = [line for line in shown.text.splitlines() if " = " in line]
        assert lines == ([expected] if expected else [])
        body = re.sub("<[^>]*>", "", shown.html.split("<body")[1])
        assert (" = " in body) == (expected is not None)
        assert "\u00b7" not in body or (low and high)

    def test_a_name_turns_round_nothing(self) -> None:
        assert name_in_text("Ana \u202egro.live\u202c \u2067x\u200f") == "Ana gro.live x"

"""MIME as people's programs write it, and as nobody should."""

import base64
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.survey.adapters.base import Unreadable
from services.survey.hearing.canonical import DeliveryItem, FeedbackItem
from services.survey.mail.classification import automatic
from services.survey.mail.items import items_of
from services.survey.mail.letter import Letter
from services.survey.mail.parsing import parse_mail, text_of

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
OWN = ["support@shop.example", "hello@shop.example"]
HEAD = "From: Ana <ana@example.com>\r\nTo: support@shop.example\r\nMessage-ID: <1@example.com>\r\n"


def mail(headers: str = "", body: str = "Hello") -> Letter:
    return parse_mail(f"{HEAD}{headers}\r\n{body}".encode())


def said(letter: Letter) -> FeedbackItem:
    item = items_of(letter, received_at=NOW, own=OWN)[-1]
    assert isinstance(item, FeedbackItem)
    return item


def composed() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Ana Silva <ana@example.com>", OWN[0], "Größe"
    message["Message-ID"] = "<1@example.com>"
    message.set_content("Zu groß.")
    message.add_alternative("<p>Zu <b>groß</b>.</p>", subtype="html")
    return message


class TestText:
    def test_the_plain_part_is_read_and_the_files_are_kept(self) -> None:
        message = composed()
        message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="Bär, groß.png")
        item = said(parse_mail(message.as_bytes()))
        assert (item.title, item.text, item.author.name) == ("Größe", "Zu groß.", "Ana Silva")
        assert [(media.name, media.media_type, media.content) for media in item.media] == [
            ("Bär, groß.png", "image/png", b"\x89PNG")
        ]

    def test_without_one_the_words_of_the_page_are_read(self) -> None:
        html = (
            "<html><head><style>p {}</style></head><body><p>Too <b>late</b> &amp; broken</p>"
            "<script>alert(1)</script><div class='gmail_quote'>On Monday we wrote<blockquote>Sorry</blockquote></div>"
        )
        item = said(mail("Content-Type: text/html; charset=utf-8\r\n", html))
        assert item.text == "Too late & broken"
        assert item.mail is not None
        assert item.mail.whole is not None
        assert "Sorry" in item.mail.whole
        assert "alert" not in item.mail.whole

    @pytest.mark.parametrize(
        ("charset", "content", "text"),
        [
            ("iso-8859-1", b"\x80 5 gro\xdf", "€ 5 groß"),
            ("UTF-8", b"gro\xc3\x9f", "groß"),
            ("x-unknown", b"gro\xc3\x9f", "groß"),
            ("utf-8", b"gro\xdf", "groß"),
            ("gb2312", "你好".encode("gb2312"), "你好"),
            ("idna", b"xn--a", "xn--a"),
            ("zip", b"hello", "hello"),
            (None, b"\x00hello", "hello"),
            ("", b"\xff\xfe\x81", "ÿþ\x81"),
        ],
    )
    def test_charsets(self, charset: str | None, content: bytes, text: str) -> None:
        assert text_of(content, charset) in (text, content.decode("utf-8", "replace"))
        if charset != "":
            assert text_of(content, charset) == text

    def test_a_mail_of_a_machine_that_encloses_another_does_not_speak_its_words(self) -> None:
        message = composed()
        inner = EmailMessage()
        inner["From"], inner["Message-ID"] = "Ben <ben@example.com>", "<inner@example.com>"
        inner.set_content("Not mine.")
        message.add_attachment(inner)
        item = said(parse_mail(message.as_bytes()))
        assert item.text == "Zu groß."
        assert item.mail is not None
        assert item.mail.enclosed == ("inner@example.com",)
        assert [media.name for media in item.media] == ["mail.eml"]


class TestBrokenAndHostile:
    @pytest.mark.parametrize(
        ("sent", "content"),
        [
            ("iVBORw0KGgo=", b"\x89PNG\r\n\x1a\n"),
            # Without its padding, or with what a mailing list put in between, it is still all there.
            ("iVBORw0KGgo", b"\x89PNG\r\n\x1a\n"),
            ("iVBO\r\n!!!!\r\nRw0KGgo=", b"\x89PNG\r\n\x1a\n"),
            ("", b""),
            ("iVBOR", None),
            ("no base64 at all!", None),
            ("***", None),
        ],
    )
    def test_an_attachment_that_cannot_be_decoded_leaves_the_mail(self, sent: str, content: bytes | None) -> None:
        parts = (
            "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nIt broke.\r\n--b\r\n"
            "Content-Type: image/png; name=box.png\r\nContent-Transfer-Encoding: base64\r\n"
        )
        item = said(mail(parts, f"{sent}\r\n--b--\r\n"))
        [media] = item.media
        assert (item.text, media.name, media.content) == ("It broke.", "box.png", content)
        assert media.refused == (None if content is not None else "unreadable")

    @pytest.mark.parametrize(
        "headers",
        [
            "Subject: =?utf-8?b?????=\r\n",
            "Date: Mon, 99 Foo 20261 99:99:99 +9999\r\n",
            "References: <" + "a" * 100_000 + "\r\n",
            "Content-Type: multipart/mixed\r\n",
            "Content-Type: text/plain; charset*0=\"utf\";charset*1*=x'y'z\r\n",
            "Content-Transfer-Encoding: base64\r\n",
            "Cc: " + "<a@b>," * 5_000 + "\r\n",
            'To: "' + "(" * 2_000 + "\r\n",
            "Reply-To: =?x?q?=\r\n",
            "Content-Disposition: attachment; filename*=x''%ff%fe\r\n",
        ],
    )
    def test_broken_headers(self, headers: str) -> None:
        item = said(mail(headers))
        assert item.author.email == "ana@example.com"
        assert item.model_dump_json()

    def test_nested_without_end(self) -> None:
        nested = "".join(f"Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n" for n in range(90))
        assert said(mail(nested, "")).author.email == "ana@example.com"
        with pytest.raises(Unreadable):
            mail(nested * 2, "")

    def test_without_an_author(self) -> None:
        with pytest.raises(Unreadable, match="author"):
            items_of(parse_mail(b"Subject: x\r\n\r\nhello"), received_at=NOW, own=OWN)

    @settings(max_examples=150, deadline=1_000)
    @given(
        st.one_of(
            st.binary(max_size=500),
            st.lists(
                st.sampled_from(
                    [
                        *(b"From: a@b.c\n", b"Content-Type: multipart/report; boundary=x\n", b"--x\n", b"--x--\n"),
                        *(b"Content-Type: message/rfc822\n", b"Content-Type: message/delivery-status\n", b"\n"),
                        *(b"Content-Type: text/plain; charset=utf-7\n", b"Content-Transfer-Encoding: base64\n"),
                        *(b"Action: failed\n", b"Message-ID: <x@y>\n", b" folded\n", b"\xff\x00\n", b'name="\n'),
                        *(b"Content-Type: text/html\n", b"<blockquote>\n", b"Date: x\n", b"To: ;:<>@,\n", b":\n"),
                    ]
                ),
                max_size=30,
            ).map(b"".join),
        )
    )
    def test_any_bytes(self, raw: bytes) -> None:
        try:
            found = items_of(parse_mail(raw), received_at=NOW, own=OWN)
        except Unreadable:
            return
        for item in found:
            assert "\x00" not in item.model_dump_json()

    @pytest.mark.parametrize(
        ("date", "occurred_at", "confidence"),
        [
            ("Sun, 29 Nov 2026 12:30:00 +0100", datetime(2026, 11, 29, 11, 30, tzinfo=UTC), "exact"),
            ("Sun, 29 Nov 2026 12:03:00 +0000", NOW, "exact"),
            ("Thu, 1 Jan 1970 00:00:00 +0000", NOW, "assumed"),
            ("Sun, 29 Nov 2036 12:00:00 +0000", NOW, "assumed"),
            ("yesterday", NOW, "assumed"),
        ],
    )
    def test_the_senders_clock_is_believed_within_reason(
        self, date: str, occurred_at: datetime, confidence: str
    ) -> None:
        item = said(mail(f"Date: {date}\r\n"))
        assert (item.occurred_at, item.time_confidence) == (occurred_at, confidence)

    def test_another_mail_under_a_known_id_is_another_mail(self) -> None:
        first, again, forged = said(mail()), said(mail("X-Hop: 2\r\n")), said(mail(body="Close my ticket"))
        assert first.external_id == again.external_id != forged.external_id


class TestMachines:
    @pytest.mark.parametrize(
        ("headers", "kind"),
        [
            ("", None),
            ("Auto-Submitted: no\r\n", None),
            ("Subject: Automatic reply: out of office\r\n", None),
            ("Auto-Submitted: auto-replied; owner-email=x\r\n", "auto_reply"),
            ("Auto-Submitted: auto-generated\r\n", "auto_reply"),
            ("Precedence: auto_reply\r\n", "auto_reply"),
            ("X-Autoreply: yes\r\n", "auto_reply"),
            ("X-Auto-Response-Suppress: All\r\n", "auto_reply"),
            ("X-Auto-Response-Suppress: None\r\n", None),
            ("Return-Path: <>\r\n", "auto_reply"),
            ("Precedence: bulk\r\n", "bulk"),
            ("List-Id: <news.example.com>\r\n", "bulk"),
            ("List-Unsubscribe: <https://example.com>\r\n", "bulk"),
            # The account's own group at a provider.
            ("List-Id: <support.shop.example>\r\nPrecedence: list\r\n", None),
            ("List-Post: <mailto:support@shop.example>\r\n", None),
        ],
    )
    def test_by_headers(self, headers: str, kind: str | None) -> None:
        assert automatic(mail(headers), OWN) == kind

    @pytest.mark.parametrize(
        ("sender", "kind"),
        [
            ("MAILER-DAEMON@example.com", "bounce"),
            ("postmaster@example.com", "bounce"),
            ("no-reply@example.com", "bulk"),
            ("hello@shop.example", "loop"),
            ("support+t.abc@shop.example", "loop"),
        ],
    )
    def test_by_sender(self, sender: str, kind: str) -> None:
        assert automatic(parse_mail(f"From: {sender}\r\n\r\nhello".encode()), OWN) == kind


def bounce(
    status: str, *, action: str = "failed", about: str = "Message-ID: <m@shop.example>", to: str = OWN[0]
) -> str:
    return (
        f"From: MAILER-DAEMON@mx.example.com\r\nTo: {to}\r\nSubject: Undelivered\r\nMessage-ID: <dsn@mx>\r\n"
        "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
        f"Final-Recipient: rfc822; Ana@Example.com\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n"
        f"\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{about}\r\nSubject: x\r\n\r\n--b--\r\n"
    )


class TestReports:
    @pytest.mark.parametrize(
        ("status", "action", "state"),
        [
            ("5.1.1", "failed", "bounced_hard"),
            ("5.2.2", "failed", "bounced_soft"),
            ("5.7.1", "failed", "bounced_soft"),
            ("4.4.7", "failed", "bounced_soft"),
            ("2.0.0", "delivered", "delivered"),
        ],
    )
    def test_a_bounce_says_what_became_of_our_mail_and_stays_in_the_thread(
        self, status: str, action: str, state: str
    ) -> None:
        reported, kept = items_of(parse_mail(bounce(status, action=action).encode()), received_at=NOW, own=OWN)
        assert isinstance(reported, DeliveryItem)
        # Whom it says it is about is not repeated: anybody may say that of anybody.
        assert (reported.state, reported.message_id, reported.recipient) == (state, "m@shop.example", None)
        assert isinstance(kept, FeedbackItem)
        assert (kept.automatic, kept.author.verified) == ("bounce", False)

    def test_the_address_it_came_to_names_the_mail_too(self) -> None:
        raw = bounce("5.1.1", about="X: y", to="support+b.abcdefgh234567@shop.example")
        [reported, _] = items_of(parse_mail(raw.encode()), received_at=NOW, own=OWN)
        assert isinstance(reported, DeliveryItem)
        assert reported.message_id == "support+b.abcdefgh234567@shop.example"

    @pytest.mark.parametrize(("action", "about"), [("delayed", "Message-ID: <m@x>"), ("failed", "X: y")])
    def test_a_delay_and_a_report_about_nothing_change_nothing(self, action: str, about: str) -> None:
        [kept] = items_of(parse_mail(bounce("5.1.1", action=action, about=about).encode()), received_at=NOW, own=OWN)
        assert isinstance(kept, FeedbackItem)

    def test_a_complaint(self) -> None:
        raw = (
            bounce("5.1.1")
            .replace("delivery-status;", "feedback-report;")
            .replace("message/delivery-status\r\n\r\n", "message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n")
        )
        [reported, kept] = items_of(parse_mail(raw.encode()), received_at=NOW, own=OWN)
        assert isinstance(reported, DeliveryItem)
        assert (reported.state, reported.message_id) == ("complained", "m@shop.example")
        assert isinstance(kept, FeedbackItem)
        assert kept.automatic is not None


def test_base64_of_a_line_that_is_too_long() -> None:
    body = base64.b64encode("Größe".encode()).decode()
    headers = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n"
    assert said(mail(headers, body)).text == "Größe"

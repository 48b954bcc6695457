"""Which conversation and which ticket a mail belongs to, and what came along with it."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.survey.app import SERVICE
from services.survey.mail.letter import Attachment
from services.survey.mail.parsing import parse_mail
from shared.auth.addresses import BOUNCE, TICKET, reply_addresses
from shared.contracts.hearing import DeliveryReported
from shared.contracts.mail import MailReceived
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.conftest import HarnessFactory
from tests.survey.building import know_customer
from tests.survey.mail.conversing import ANA, OWN, Post
from tests.survey.mail.test_parsing import bounce

BEN = "ben@example.com"


@pytest.fixture
async def survey(harness: HarnessFactory, tmp_path: Path) -> Harness:
    return await harness(SERVICE, survey_contact_wait_seconds=0, files_folder=str(tmp_path / "files"))


@pytest.fixture
def post(survey: Harness, account: UUID) -> Post:
    return Post(survey, account)


def token(post: Post, ticket_id: UUID, account: UUID | None = None) -> str:
    signer = reply_addresses(post.survey.runtime.settings)
    return signer.address(OWN, TICKET, account or post.account, ticket_id)


class TestByToken:
    @pytest.mark.parametrize("header", ["To", "Cc", "Delivered-To", "References"])
    async def test_a_signed_address_or_id_names_the_ticket(self, post: Post, header: str) -> None:
        ticket_id = await post.ticket(7)
        written = token(post, ticket_id)
        if header == "References":
            written = f"<{written.partition('+')[2].partition('@')[0]}@mail.shop.example>"
        named: dict[str, Any] = {"to" if header == "To" else header.replace("-", "_"): written}
        mail = await post.comes("Re", **named)
        assert mail.ticket_id == ticket_id

    async def test_another_accounts_or_a_made_up_one_begins_a_conversation(self, post: Post) -> None:
        ticket_id = await post.ticket(7)
        whole = token(post, ticket_id)
        for written in (
            token(post, ticket_id, new_id()),
            whole.replace("+t.", "+b."),
            whole[:20] + "aaaa" + whole[24:],
        ):
            mail = await post.comes("Re", to=written)
            assert (mail.ticket_id, mail.trusted) == (None, True)

    async def test_it_outweighs_what_else_the_mail_says(self, post: Post) -> None:
        first = await post.comes(id="a@x")
        about_first, other = await post.ticket(1, about=first), await post.ticket(2)
        mail = await post.comes(to=token(post, other), answers="a@x", subject="[#1]")
        assert mail.ticket_id == other
        assert mail.ticket_id != about_first


class TestByReferences:
    async def test_an_answer_joins_what_it_answers_and_its_ticket(self, post: Post) -> None:
        first = await post.comes(id="a@x")
        assert first.ticket_id is None
        ticket_id = await post.ticket(1, about=first)
        second = await post.comes(id="b@x", answers="a@x")
        third = await post.comes(answers="b@x", from_=BEN)
        assert {first.thread_id, second.thread_id, third.thread_id} == {first.thread_id}
        assert (second.ticket_id, third.ticket_id) == (ticket_id, ticket_id)

    async def test_a_mail_that_comes_after_its_answer(self, post: Post) -> None:
        answer = await post.comes(id="b@x", answers="a@x")
        question = await post.comes(id="a@x", from_=BEN)
        assert question.thread_id == answer.thread_id

    async def test_two_at_once_are_one_conversation(self, post: Post) -> None:
        mails = [
            parse_mail(
                f"From: {ANA}\r\nTo: {OWN}\r\nMessage-ID: <{n}@x>\r\n"
                f"{'In-Reply-To: <0@x>' if n else 'X-First: yes'}\r\n\r\nHello\r\n".encode()
            )
            for n in range(4)
        ]
        await asyncio.gather(*(post.hear(mail) for mail in mails))
        received = await post.survey.emitted(post.account, MailReceived)
        assert len(received) == 4
        assert len({event.subject for event in received}) == 1

    async def test_what_one_author_answers_is_one_conversation_before_the_question_has_come(self, post: Post) -> None:
        for n in (1, 2, 0):
            answers = "In-Reply-To: <0@x>" if n else "X-First: yes"
            head = f"From: {ANA}\r\nTo: {OWN}\r\nMessage-ID: <{n}@x>\r\n{answers}"
            await post.hear(parse_mail(f"{head}\r\n\r\nHello\r\n".encode()))
        received = await post.survey.emitted(post.account, MailReceived)
        assert len({event.subject for event in received}) == 1

    async def test_two_people_who_answer_an_unknown_mail_do_not_meet(self, post: Post) -> None:
        """A newsletter has one Message-ID for all who get it."""
        mine, theirs = await post.comes(answers="news@x"), await post.comes(answers="news@x", from_=BEN)
        assert mine.thread_id != theirs.thread_id

    async def test_the_same_mail_again_is_heard_once(self, post: Post) -> None:
        mail = parse_mail(f"From: {ANA}\r\nTo: {OWN}\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n".encode())
        assert await post.hear(mail) == await post.hear(mail)
        assert len(await post.survey.emitted(post.account, MailReceived)) == 1


class TestByNumber:
    async def test_who_took_part_is_led_by_the_number(self, post: Post) -> None:
        first = await post.comes(Cc=BEN)
        ticket_id = await post.ticket(1, about=first)
        for sender in (ANA, BEN):
            mail = await post.comes(subject="Fwd: help [#1]", from_=sender)
            assert (mail.ticket_id, mail.thread_id) == (ticket_id, first.thread_id)

    async def test_the_tickets_customer_is_too(self, post: Post) -> None:
        customer_id = await know_customer(post.survey, post.account, email=ANA)
        ticket_id = await post.ticket(3, customer_id=customer_id)
        mail = await post.comes(subject="Re: Your answer [#3]")
        assert (mail.ticket_id, mail.trusted) == (ticket_id, True)

    @pytest.mark.parametrize(("sender", "authentic"), [("eve@evil.example", True), (ANA, False)])
    async def test_a_stranger_or_unproven_author_learns_and_changes_nothing(
        self, post: Post, sender: str, *, authentic: bool
    ) -> None:
        await post.ticket(1, about=await post.comes())
        mail = await post.comes(subject="[#1]", from_=sender, authentic=authentic)
        assert mail.ticket_id is None


class TestWhoIsAnswered:
    async def test_who_begins_a_conversation_proven_or_not(self, post: Post) -> None:
        assert (await post.comes(authentic=False)).trusted

    async def test_who_takes_part(self, post: Post) -> None:
        await post.comes(id="a@x", Cc=BEN)
        assert (await post.comes(answers="a@x", from_=BEN)).trusted
        assert not (await post.comes(answers="a@x", from_=BEN, authentic=False)).trusted

    async def test_never_a_stranger_not_even_the_second_time(self, post: Post) -> None:
        await post.comes(id="a@x")
        for _ in range(2):
            assert not (await post.comes(answers="a@x", from_="eve@evil.example")).trusted

    async def test_nor_who_holds_an_address_that_was_passed_on(self, post: Post) -> None:
        ticket_id = await post.ticket(1)
        assert not (await post.comes(to=token(post, ticket_id))).trusted

    async def test_where_an_answer_is_wanted(self, post: Post) -> None:
        mail = await post.comes(Reply_To="Ana <home@example.com>", Cc=f"{BEN}, {OWN}")
        assert (mail.address, mail.copies, mail.mailbox) == ("home@example.com", (BEN,), OWN)


class TestMachines:
    async def test_an_out_of_office_note_joins_and_is_known(self, post: Post) -> None:
        first = await post.comes(id="a@x")
        note = await post.comes(answers="a@x", Auto_Submitted="auto-replied")
        assert (note.thread_id, note.automatic, note.trusted) == (first.thread_id, "auto_reply", False)

    async def test_the_eleventh_mail_in_ten_minutes_is_a_loop(self, post: Post) -> None:
        found = [
            (await post.comes(str(number), Date="Mon, 02 Mar 2026 09:00:00 +0000")).automatic for number in range(11)
        ]
        assert found == [None] * 10 + ["loop"]
        assert (await post.comes(from_=BEN)).automatic is None

    async def test_a_bounce_is_told_and_kept(self, post: Post) -> None:
        first = await post.comes(id="a@x")
        signer, message_id = reply_addresses(post.survey.runtime.settings), new_id()
        address = signer.address(OWN, BOUNCE, post.account, message_id)
        raw = bounce("5.1.1", about="X: y", to=address).replace("Message-ID: <dsn@mx>", "In-Reply-To: <a@x>")
        await post.hear(parse_mail(raw.encode()))
        [report] = [event.data for event in await post.survey.emitted(post.account, DeliveryReported)]
        assert isinstance(report, DeliveryReported)
        assert (report.state, report.message_id, report.recipient) == ("bounced_hard", address, None)
        kept = (await post.survey.emitted(post.account, MailReceived))[-1].data
        assert isinstance(kept, MailReceived)
        assert (kept.thread_id, kept.automatic) == (first.thread_id, "bounce")


class TestAttachments:
    FILES = (
        Attachment("box.png", "text/html", b"\x89PNG\r\n\x1a\n" + b"0" * 50),
        Attachment("../run me.PDF.exe", "application/pdf", b"%PDF-1.7"),
        Attachment("invoice.pdf", "application/pdf", b"MZ\x90\x00"),
        Attachment("page.html", "text/html", b"<script>alert(1)</script>"),
        Attachment("data", "x/y", b"\x00\x01"),
        Attachment("photo.png", "image/png", b"\r\n<HTML><script>1</script>"),
        Attachment("invoice.xml", "text/xml", b"<?xml version='1.0'?><Invoice/>"),
        Attachment("damaged.png", "image/png", None),
    )

    async def test_are_kept_sniffed_and_given_out_to_be_saved(self, post: Post, account: UUID) -> None:
        mail = await post.comes(files=self.FILES)
        client = post.survey.client("feedback:read", account=account)
        path = f"/v1/feedback/{mail.feedback_id}/attachments"
        listed = (await client.get(path)).json()["data"]
        assert [(each["name"], each["media_type"], each["refused"]) for each in listed] == [
            ("box.png", "image/png", None),
            ("run me.PDF.exe", listed[1]["media_type"], "dangerous"),
            ("invoice.pdf", "application/octet-stream", "dangerous"),
            ("page.html", "text/plain", "dangerous"),
            ("data", "application/octet-stream", None),
            ("photo.png", listed[5]["media_type"], "dangerous"),
            ("invoice.xml", "application/octet-stream", None),
            ("damaged.png", listed[7]["media_type"], "unreadable"),
        ]
        content = await client.get(f"{path}/{listed[0]['id']}/content")
        assert (content.status_code, content.content) == (200, self.FILES[0].content)
        assert content.headers["content-disposition"].startswith("attachment;")
        assert content.headers["content-security-policy"] == "sandbox; default-src 'none'"
        refused = await client.get(f"{path}/{listed[1]['id']}/content")
        assert (refused.status_code, refused.json()["code"]) == (404, "attachment_not_kept")

    async def test_belong_to_their_account_and_their_mail(self, post: Post, account: UUID) -> None:
        mail, other = await post.comes(files=self.FILES[:1]), await post.comes()
        [kept] = (await post.survey.client(account=account).get(f"/v1/feedback/{mail.feedback_id}/attachments")).json()[
            "data"
        ]
        path = f"/v1/feedback/{mail.feedback_id}/attachments"
        assert (await post.survey.anonymous().get(path)).status_code == 401
        assert (await post.survey.client("tickets:read", account=account).get(path)).status_code == 403
        stranger = post.survey.client(account=new_id())
        assert (await stranger.get(path)).status_code == 404
        assert (await stranger.get(f"{path}/{kept['id']}/content")).status_code == 404
        wrong = f"/v1/feedback/{other.feedback_id}/attachments/{kept['id']}/content"
        assert (await post.survey.client(account=account).get(wrong)).status_code == 404

    async def test_too_many_are_recorded_and_not_kept(self, post: Post, account: UUID) -> None:
        mail = await post.comes(files=[Attachment(f"{n}.txt", "text/plain", b"x") for n in range(22)])
        listed = (await post.survey.client(account=account).get(f"/v1/feedback/{mail.feedback_id}/attachments")).json()
        assert [each["refused"] for each in listed["data"]] == [None] * 20 + ["too_many"] * 2

    async def test_without_a_place_they_are_recorded(self, harness: HarnessFactory, account: UUID) -> None:
        post = Post(await harness(SERVICE, files_folder=""), account)
        mail = await post.comes(files=self.FILES[:1])
        listed = (await post.survey.client(account=account).get(f"/v1/feedback/{mail.feedback_id}/attachments")).json()
        assert [each["refused"] for each in listed["data"]] == ["no_place"]

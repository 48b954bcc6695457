"""Files that go with what is said in a ticket."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.tickets.attachments.links import file_url
from services.tickets.attachments.service import LARGEST, LINKS_LAST, MOST_WAITING, UNCLAIMED_AFTER
from shared.contracts.gateway import SubjectRequestOpened
from shared.contracts.tickets import AttachedFile, TicketReplied
from shared.files import FileMissing, file_key, file_store
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.tickets.builders import add_customer, get, open_ticket, post

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64


async def attach(
    client: httpx.AsyncClient, path: str, content: bytes = b"A label", name: str = "label.txt"
) -> dict[str, Any]:
    response = await client.post(f"{path}/attachments", content=content, params={"name": name})
    assert response.status_code == 201, response.text
    made: dict[str, Any] = response.json()
    return made


async def ticket_path(client: httpx.AsyncClient) -> str:
    return f"/v1/tickets/{(await open_ticket(client))['id']}"


async def links(tickets: Harness, account: UUID) -> tuple[AttachedFile, ...]:
    [event] = await tickets.emitted(account, TicketReplied)
    assert isinstance(event.data, TicketReplied)
    return event.data.attachments


class TestAFileOfATicket:
    async def test_needs_a_credential(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        file = await attach(client, path)
        anonymous = tickets.anonymous()
        assert (await anonymous.post(f"{path}/attachments", content=b"x")).status_code == 401
        assert (await anonymous.get(f"{path}/attachments/{file['id']}/content")).status_code == 401

    async def test_is_not_another_accounts_to_see(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        file = await attach(client, path)
        other = tickets.client(account=new_id())
        assert (await other.post(f"{path}/attachments", content=b"x")).status_code == 404
        assert (await other.get(f"{path}/attachments")).status_code == 404
        assert (await other.get(f"{path}/attachments/{file['id']}/content")).status_code == 404
        assert (await other.delete(f"{path}/attachments/{file['id']}")).status_code == 404

    async def test_is_given_out_to_be_saved_as_what_its_bytes_are(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        file = await attach(client, path, PNG, "C:\\secret\\la\u202ebel.html.png")
        assert (file["name"], file["media_type"], file["size"]) == ("label.html.png", "image/png", len(PNG))
        response = await client.get(f"{path}/attachments/{file['id']}/content")
        assert response.content == PNG
        assert response.headers["content-disposition"].startswith("attachment;")
        assert "sandbox" in response.headers["content-security-policy"]
        assert (await client.get(f"{await ticket_path(client)}/attachments/{file['id']}/content")).status_code == 404

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            ("a.txt", b"", "empty"),
            ("offer.pdf.exe", b"x", "dangerous_file"),
            ("page.svg", b"<svg/>", "dangerous_file"),
            ("holiday.jpg", b"MZ\x90\0", "dangerous_file"),
        ],
    )
    async def test_that_is_nothing_or_runs_is_refused(
        self, tickets: Harness, account: UUID, name: str, content: bytes, code: str
    ) -> None:
        client = tickets.client(account=account)
        path = f"{await ticket_path(client)}/attachments"
        response = await client.post(path, content=content, params={"name": name})
        assert (response.status_code, response.json()["errors"][0]["code"]) == (422, code)
        assert (await get(client, path))["data"] == []

    async def test_is_not_too_large_and_not_too_many(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        assert (await client.post(f"{path}/attachments", content=b"a" * (LARGEST + 1))).status_code == 413
        *_, last = [await attach(client, path) for _ in range(MOST_WAITING)]
        assert (await client.post(f"{path}/attachments", content=b"x")).status_code == 429
        assert (await client.delete(f"{path}/attachments/{last['id']}")).status_code == 204
        await attach(client, path)


class TestAMessage:
    async def test_has_the_files_that_it_names_once(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        file = await attach(client, path)
        said = await post(client, f"{path}/messages", 201, text="Here it is.", attachment_ids=[file["id"]])
        assert [each["id"] for each in said["attachments"]] == [file["id"]]
        assert (await get(client, f"{path}/messages"))["data"] == [said]
        again = await client.post(f"{path}/messages", json={"text": "Once more", "attachment_ids": [file["id"]]})
        assert (again.status_code, again.json()["errors"][0]["pointer"]) == (422, "/attachment_ids/0")
        assert len((await get(client, f"{path}/messages"))["data"]) == 1
        assert (await client.delete(f"{path}/attachments/{file['id']}")).json()["code"] == "attachment_in_use"

    async def test_has_no_files_of_another_ticket(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        file = await attach(client, await ticket_path(client))
        body = {"text": "Here", "attachment_ids": [file["id"]]}
        assert (await client.post(f"{await ticket_path(client)}/messages", json=body)).status_code == 422

    async def test_takes_its_files_along_when_tickets_are_merged_or_split(
        self, tickets: Harness, account: UUID
    ) -> None:
        client = tickets.client(account=account)
        source, target = await open_ticket(client), await open_ticket(client)
        path = f"/v1/tickets/{source['id']}"
        file = await attach(client, path)
        said = await post(client, f"{path}/messages", 201, text="Here", attachment_ids=[file["id"]])
        await post(client, f"/v1/tickets/{target['id']}/merge", ticket_ids=[source["id"]])
        content = await client.get(f"/v1/tickets/{target['id']}/attachments/{file['id']}/content")
        assert content.content == b"A label"
        body = {"message_ids": [said["id"]], "subject": "The label"}
        split = await post(client, f"/v1/tickets/{target['id']}/split", 201, **body)
        [moved] = (await get(client, f"/v1/tickets/{split['id']}/attachments"))["data"]
        assert (moved["id"], moved["ticket_id"]) == (file["id"], split["id"])

    async def test_of_a_draft_has_files_too(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        file = await attach(client, path)
        await client.put(f"{path}/draft", json={"text": "Here it is."})
        sent = await post(client, f"{path}/draft/send", 201, attachment_ids=[file["id"]])
        assert [each["name"] for each in sent["attachments"]] == ["label.txt"]


class TestTheCustomer:
    async def answered(self, tickets: Harness, account: UUID, **body: Any) -> tuple[str, AttachedFile | None]:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        file = await attach(client, path)
        await post(client, f"{path}/messages", 201, text="Here", attachment_ids=[file["id"]], **body)
        if body.get("internal"):
            return file["id"], None
        [link] = await links(tickets, account)
        return file["id"], link

    async def test_saves_what_came_with_an_answer_by_its_link(self, tickets: Harness, account: UUID) -> None:
        _, link = await self.answered(tickets, account)
        assert link is not None
        assert (link.name, link.size) == ("label.txt", 7)
        response = await tickets.anonymous().get(httpx.URL(link.url).path)
        assert (response.status_code, response.content) == (200, b"A label")
        assert response.headers["content-disposition"].startswith("attachment;")
        assert response.headers["referrer-policy"] == "no-referrer"

    async def test_gets_nothing_by_a_link_that_nobody_signed_or_too_late(self, tickets: Harness, account: UUID) -> None:
        _, link = await self.answered(tickets, account)
        assert link is not None
        path, anonymous = httpx.URL(link.url).path, tickets.anonymous()
        assert (await anonymous.get(f"{path[:-1]}{'A' if path[-1] != 'A' else 'Q'}")).status_code == 404
        tickets.clock.advance(LINKS_LAST - timedelta(seconds=1))
        assert (await anonymous.get(path)).status_code == 200
        tickets.clock.advance(timedelta(seconds=1))
        assert (await anonymous.get(path)).status_code == 404

    async def test_gets_nothing_of_notes_and_of_what_is_not_sent(self, tickets: Harness, account: UUID) -> None:
        client, anonymous = tickets.client(account=account), tickets.anonymous()
        noted, _ = await self.answered(tickets, account, internal=True)
        waiting = (await attach(client, await ticket_path(client)))["id"]
        for attachment_id in (noted, waiting):
            url = file_url(tickets.runtime.settings, account, UUID(attachment_id))
            assert (await anonymous.get(httpx.URL(url).path)).status_code == 404


class TestAFileThatNobodyNames:
    async def test_is_forgotten_and_one_that_is_named_stays(self, tickets: Harness, account: UUID) -> None:
        client = tickets.client(account=account)
        path = await ticket_path(client)
        sent, left = await attach(client, path), await attach(client, path)
        await post(client, f"{path}/messages", 201, text="Here", attachment_ids=[sent["id"]])
        tickets.clock.advance(UNCLAIMED_AFTER)
        await tickets.run_timers()
        assert [each["id"] for each in (await get(client, f"{path}/attachments"))["data"]] == [sent["id"]]
        store = file_store(tickets.runtime.settings)
        with pytest.raises(FileMissing):
            await store.get(file_key(account, UUID(left["id"])))
        assert await store.get(file_key(account, UUID(sent["id"]))) == b"A label"


class TestAnErasure:
    async def test_takes_the_files_of_their_tickets(self, tickets: Harness, account: UUID) -> None:
        client, ana = tickets.client(account=account), await add_customer(tickets, account)
        path = f"/v1/tickets/{(await open_ticket(client, customer_id=str(ana)))['id']}"
        file, other = await attach(client, path), await attach(client, await ticket_path(client))
        await post(client, f"{path}/messages", 201, text="Here", attachment_ids=[file["id"]])
        wanted = SubjectRequestOpened(
            request_id=new_id(),
            kind="erase",
            stage="act",
            mode="pseudonymise",
            services=("tickets",),
            attempt=1,
            customer_id=ana,
            customer_ids=(ana,),
            customer_version=None,
            requested_at=tickets.clock.now(),
            export_expires_at=None,
        )
        await tickets.deliver(wanted, account=account, subject=wanted.request_id)
        await tickets.run_timers()
        store = file_store(tickets.runtime.settings)
        with pytest.raises(FileMissing):
            await store.get(file_key(account, UUID(file["id"])))
        assert await store.get(file_key(account, UUID(other["id"]))) == b"A label"

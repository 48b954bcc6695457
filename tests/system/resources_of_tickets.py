"""One of each thing that the tickets service has of an account."""

from uuid import UUID

import httpx

from shared.contracts.gateway import UserAdded
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.system.making import Resources, hear_of_account, made
from tests.system.surface import CALENDAR, POLICY


async def of_tickets(tickets: Harness, account: UUID) -> Resources:
    await hear_of_account(tickets, account)
    client = tickets.client(account=account)
    person_id = new_id()
    person = UserAdded(user_id=person_id, name="Jonas", email="jonas@example.com", role="agent")
    await tickets.deliver(person, account=account, subject=person_id)
    subjects = ("The parcel came late", "The lamp came late", "A parcel was lost")
    tickets_made = [await made(client, "/v1/tickets", {"subject": subject}) for subject in subjects]
    ticket_id, other_ticket_id, lost_ticket_id = (ticket["id"] for ticket in tickets_made)
    # A loop that is as far as a customer could confirm it.
    loop_id = (await made(client, "/v1/tickets", {"subject": "Two of ten", "feedback_id": str(new_id())}))["id"]
    await client.post(f"/v1/tickets/{loop_id}/resolve")
    await client.put(f"/v1/tickets/{ticket_id}/draft", json={"text": "Sorry!"})
    said = await made(client, f"/v1/tickets/{ticket_id}/messages", {"text": "And the lamp?", "internal": True})
    file = await client.post(f"/v1/tickets/{ticket_id}/attachments", params={"name": "label.txt"}, content=b"label")
    await made(client, f"/v1/tickets/{ticket_id}/links", {"ticket_id": other_ticket_id})
    policy_id = (await made(client, "/v1/sla-policies", POLICY))["id"]
    reapplied = await made(client, f"/v1/sla-policies/{policy_id}/reapply", None, 202)
    team_id = (await made(client, "/v1/teams", {"name": "Deliveries"}))["id"]
    rule = {"name": "Late", "condition": "ticket.subject.contains('late')", "team_id": team_id}
    away = {"starts_at": "2026-08-01T00:00:00Z", "ends_at": "2026-08-15T00:00:00Z"}
    problem_id = (await made(client, "/v1/problems", {"title": "It comes late", "ticket_ids": [ticket_id]}))["id"]
    carrier = await made(client, "/v1/improvements", {"title": "A carrier", "problem_ids": [problem_id]})
    return {
        "loop_id": loop_id,
        "problem_id": problem_id,
        "improvement_id": carrier["id"],
        "ticket_id": ticket_id,
        "other_ticket_id": other_ticket_id,
        "lost_ticket_id": lost_ticket_id,
        "said_id": said["id"],
        "ticket_file_id": file.json()["id"],
        "user_id": str(person_id),
        "policy_id": policy_id,
        "reapplication_id": reapplied["id"],
        "team_id": team_id,
        "macro_id": (await made(client, "/v1/macros", {"name": "Note", "actions": {"note": "Look"}}))["id"],
        "rule_id": (await made(client, "/v1/routing-rules", rule))["id"],
        "absence_id": (await made(client, f"/v1/agents/{person_id}/absences", away))["id"],
        # Not the first one, which is the default and cannot go.
        "calendar_id": [(await made(client, "/v1/calendars", CALENDAR))["id"] for _ in "12"][1],
        "view_id": (await made(client, "/v1/ticket-views", {"name": "All"}))["id"],
        "field_id": (await made(client, "/v1/ticket-fields", {"key": "order", "kind": "text"}))["id"],
        "status_id": (await made(client, "/v1/ticket-statuses", {"name": "Lost", "state": "on_hold"}))["id"],
        **await written(client),
    }


async def written(client: httpx.AsyncClient) -> Resources:
    """An article with a file, on a shelf."""
    category = await made(client, "/v1/article-categories", {"names": {"en": "Returns"}})
    article = {"translations": {"en": {"title": "Returning something", "body": "Within 30 days."}}}
    article_id = (await made(client, "/v1/articles", article | {"visibility": "public"}))["id"]
    attached = await client.post(f"/v1/articles/{article_id}/attachments", params={"name": "form.txt"}, content=b"form")
    return {
        "category_id": category["id"],
        "article_id": article_id,
        "article_file_id": attached.json()["id"],
        "version": "1",
        # With a person already, so that there is a handoff.
        "conversation_id": (await made(client, "/v1/conversations", {"text": "human please"}))["conversation"]["id"],
    }

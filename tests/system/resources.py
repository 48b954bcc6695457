"""One of each thing that an account can own, by the name of the path parameter it fills."""

import hmac
import secrets
import tempfile
from array import array
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

import httpx

from services.gateway.accounts.service import open_account
from services.gateway.users.passwords import passwords_of
from services.gateway.users.schemas import NewUser, Role
from services.survey.adapters.base import Replies
from services.survey.adapters.registry import adapters
from services.survey.attachments.models import Attachment
from services.survey.emerging import service as emerging
from services.survey.emerging.lessons import Group
from services.survey.emerging.service import Unnamed
from services.survey.feedback.models import Feedback
from services.survey.learning import service as text_models
from services.survey.learning.linear import LinearModel, packed
from services.survey.learning.models import ModelState
from services.survey.replies.models import Reply
from services.survey.sources.models import Source
from shared.contracts.customers import CustomerCreated, CustomersPartDone
from shared.contracts.feedback import FeedbackReceived
from shared.contracts.hearing import DeliveryReported
from shared.contracts.subjects import (
    MetricsPartDone,
    NotifierPartDone,
    SubjectPart,
    SurveyPartDone,
    TicketsPartDone,
)
from shared.contracts.survey import ResponseReceived
from shared.files import file_key, file_store
from shared.ids import new_id
from shared.testing.harness import Harness
from tests.profiles import profile_of
from tests.system.making import Resources, first, hear_of_account, made
from tests.system.resources_of_metrics import of_metrics
from tests.system.resources_of_tickets import of_tickets

NO_WEIGHTS: Final = (array("I"), array("f"), array("f"))


async def open_business(gateway: Harness, account: UUID) -> str:
    """An account with its owner; returns its API key."""
    owner = NewUser(email=f"owner-{secrets.token_hex(6)}@example.com", name="Olga", role=Role.OWNER)
    password_hash = await passwords_of(gateway.runtime).hash(secrets.token_urlsafe(12))
    async with gateway.work(account) as work:
        opened = await open_account(
            work, name="Corner shop", locale="en", timezone="UTC", owner=owner, password_hash=password_hash
        )
    return opened.api_key


async def finish(gateway: Harness, account: UUID, request_id: UUID, customer_id: UUID) -> None:
    """What the services would answer to a request, of a customer of whom they hold nothing."""

    def part(stage: str) -> SubjectPart:
        values = {"request_id": request_id, "stage": stage, "outcome": "done", "reason": None, "records": ()}
        return SubjectPart.model_validate(values | {"digest": None})

    for stage in ("locate", "act"):
        located = CustomersPartDone(
            part=part(stage), customer_id=customer_id, customer_ids=(customer_id,), customer_version=1
        )
        await gateway.deliver(located, account=account, subject=request_id)
    for done in (SurveyPartDone, TicketsPartDone, MetricsPartDone, NotifierPartDone):
        await gateway.deliver(done(part=part("act")), account=account, subject=request_id)


async def of_gateway(gateway: Harness, account: UUID) -> Resources:
    await open_business(gateway, account)
    client = gateway.client(account=account)
    user = {"email": f"jonas-{secrets.token_hex(6)}@example.com", "name": "Jonas", "role": "agent"}
    # Only a publishable key can be changed.
    subject = new_id()
    export = await made(client, "/v1/subject-requests", {"kind": "export", "customer_id": str(subject)}, 202)
    await finish(gateway, account, UUID(export["id"]), subject)
    key = {"name": "The shop's", "kind": "publishable", "origins": ["https://shop.example"]}
    return {
        "user_id": (await made(client, "/v1/users", user))["id"],
        "request_id": export["id"],
        "api_key_id": (await made(client, "/v1/api-keys", key))["id"],
    }


async def uploaded(client: httpx.AsyncClient, path: str, content: bytes) -> str:
    """A file that is still to be imported."""
    identifier: str = (await client.post(path, content=content)).json()["id"]
    return identifier


async def of_customers(customers: Harness, account: UUID) -> Resources:
    client = customers.client(account=account)
    customer_id = (await made(client, "/v1/customers", {"email": "ana@example.com", "name": "Ana"}))["id"]
    purchase = {"customer": {"id": customer_id}, "kind": "purchase"}
    device = {"kind": "device", "value": "browser-1"}
    for known_by in ({"external_id": "1"}, {"phone": "+351912345679"}):
        somebody = await made(client, "/v1/customers", known_by)
        order = {"kind": "order", "value": "1017"}
        await made(client, f"/v1/customers/{somebody['id']}/identities", order)
    segment_id = (await made(client, "/v1/segments", {"name": "Climbers", "kind": "static"}))["id"]
    await client.put(f"/v1/segments/{segment_id}/persona", json={"summary": "Climbs twice a week"})
    tier = {"name": "tier", "kind": "choice", "choices": [{"value": "gold"}]}
    return {
        "customer_id": customer_id,
        "attribute_id": (await made(client, "/v1/attributes", tier))["id"],
        "import_id": await uploaded(client, "/v1/imports", b"email\nbea@example.com\n"),
        "company_id": (await made(client, "/v1/companies", {"name": "Sousa Lda"}))["id"],
        "other_customer_id": (await made(client, "/v1/customers", {"phone": "+351912345678"}))["id"],
        "identity_id": (await made(client, f"/v1/customers/{customer_id}/identities", device))["id"],
        "note_id": (await made(client, f"/v1/customers/{customer_id}/notes", {"text": "Prefers the phone"}))["id"],
        "suggestion_id": await first(client, "/v1/customers/merge-suggestions"),
        "activity_id": (await made(client, "/v1/activities", purchase))["id"],
        "segment_id": segment_id,
    }


async def reviews_of(survey: Harness, account: UUID) -> tuple[str, str]:
    """A review from a platform that takes answers, and the answer to another, which waits for approval: their ids."""
    adapter = next(adapter for adapter in adapters().values() if isinstance(adapter, Replies))
    async with survey.work(account) as work:
        made_at = {"created_at": work.now, "updated_at": work.now}
        source = Source(
            id=new_id(),
            account_id=account,
            version=1,
            adapter=adapter.name,
            builtin=False,
            name=adapter.title,
            state="active",
            settings={},
            **made_at,
        )
        open_one, answered = (
            Feedback(
                id=new_id(),
                account_id=account,
                version=1,
                kind="review",
                channel="review",
                source=adapter.name,
                source_id=source.id,
                external_id=external_id,
                reversed=False,
                topics=[],
                dimensions={},
                completed=True,
                told=True,
                occurred_at=work.now,
                received_at=work.now,
                updated_at=work.now,
                ratings=[],
            )
            for external_id in ("1", "2")
        )
        reply = Reply(
            id=new_id(),
            account_id=account,
            version=1,
            feedback_id=answered.id,
            source_id=source.id,
            external_id="2",
            text="Thank you!",
            state="waiting",
            written_by="human:jonas",
            **made_at,
        )
        work.session.add_all((source, open_one, answered, reply))
    return str(open_one.id), str(reply.id)


async def reviewed(survey: Harness, account: UUID) -> Resources:
    """A connected source that has sent something, and something that was read again."""
    client, secret = survey.client(account=account), "a secret of the shop"
    wanted = {"adapter": "judgeme", "name": "Reviews", "secrets": {"signing_secrets": [secret]}}
    source = await made(client, "/v1/sources", wanted)
    path = f"/v1/sources/{source['id']}"
    body = b'{"review": {"id": 1, "rating": 5, "created_at": "2026-03-01T12:00:00Z"}}'
    signature = {"judgeme-hmac-sha256": hmac.digest(secret.encode(), body, "sha256").hex()}
    sent = await survey.anonymous().post(httpx.URL(source["hook_url"]).path, content=body, headers=signature)
    assert sent.status_code == 200, sent.text
    # Of a time in which nothing came: it is done at once, and the matrix starts another.
    span = {"from": "2026-01-01T00:00:00Z", "to": "2026-02-01T00:00:00Z"}
    replay = await made(client, f"{path}/replay", span, 202)
    await survey.run_timers()
    return {
        "source_id": source["id"],
        "delivery_id": await first(client, f"{path}/deliveries"),
        "replay_id": replay["id"],
    }


async def of_survey(survey: Harness, account: UUID) -> Resources:
    client = survey.client(account=account)
    asked = {"score": "nps", "comment": "long_text", "photo": "file"}
    questions = [{"key": key, "type": type, "title": {"en": f"{key}?"}} for key, type in asked.items()]
    definition = {"pages": [{"key": "one", "questions": questions}]}
    survey_id = (
        await made(client, "/v1/surveys", {"name": "After delivery", "kind": "nps", "definition": definition})
    )["id"]
    await made(client, f"/v1/surveys/{survey_id}/publish", None, 200)
    submission = {"survey_id": survey_id, "submission_id": secrets.token_hex(8)}
    upload = await client.post("/v1/uploads", params=submission | {"question": "photo"}, content=b"%PDF-1.7\n")
    file_id = upload.json()["id"]
    said = {"score": 2, "comment": "It came late.", "photo": [file_id]}
    answers = [{"question": key, "value": value} for key, value in said.items()]
    response_id = (await made(client, "/v1/responses", submission | {"answers": answers}))["id"]
    shown = {"survey_id": survey_id, "submission_id": secrets.token_hex(8), "state": "displayed"}
    attempt_id = (await made(client, "/v1/attempts", shown, 200))["id"]
    await survey.deliver_raw([event.raw for event in await survey.emitted(account, ResponseReceived)])
    customer_id = new_id()
    ana = CustomerCreated(customer_id=customer_id, profile=profile_of(email="ana@example.com"))
    await survey.deliver(ana, account=account, subject=customer_id)
    wanted = {"customers": [str(customer_id)], "channel": "link"}
    [invited] = (await made(client, f"/v1/surveys/{survey_id}/invitations", wanted, 200))["data"]
    later = {"customer_ids": [str(customer_id)], "send_at": "2027-01-01T00:00:00Z"}
    run_id = (await made(client, f"/v1/surveys/{survey_id}/runs", later))["id"]
    trigger = {"name": "Bought", "on": {"event": "activity", "kind": "purchase"}}
    trigger_id = (await made(client, f"/v1/surveys/{survey_id}/triggers", trigger))["id"]
    await client.put(f"/v1/surveys/{survey_id}/recurrence", json={"every_days": 90})
    variants = [{"key": "plain"}, {"key": "warm", "subject": "A word from you?"}]
    experiment = {"name": "Subjects", "of": "invitation", "variants": variants}
    path = f"/v1/surveys/{survey_id}/experiments"
    experiment_id = (await made(client, path, experiment))["id"]
    # One at a time: the matrix starts another.
    await made(client, f"{path}/{experiment_id}/end", None, 200)
    template = {"name": "Thanks", "locale": "en", "text": "Thank you, {{name|dear customer}}!"}
    feedback_id, reply_id = await reviews_of(survey, account)
    source = await reviewed(survey, account)
    return {
        **source,
        "template_id": (await made(client, "/v1/reply-templates", template))["id"],
        "reply_id": reply_id,
        "file_id": file_id,
        "survey_id": survey_id,
        "invitation_id": invited["invitation_id"],
        "run_id": run_id,
        "trigger_id": trigger_id,
        "experiment_id": experiment_id,
        "response_id": response_id,
        "import_id": await uploaded(client, "/v1/feedback-imports", b"id,rating,comment\n7,4,Good boots\n"),
        "attempt_id": attempt_id,
        "feedback_id": feedback_id,
        "model_id": await trained(survey, account),
        "topic_id": await emerged(survey, account),
        "relabeling_id": (await made(client, "/v1/relabelings", {}, 202))["id"],
        "attachment_id": await attached(survey, account, feedback_id),
        "version": "1",
        "key": "nps",
        "topic_key": "delivery",
    }


async def trained(survey: Harness, account: UUID) -> str:
    """A text model that is ready; learning is the business of other tests."""
    async with survey.work(account) as work:
        model = await text_models.create(work, "sentiment", 0.7)
        model.state, model.thresholds = ModelState.READY, {"at_least": 1.0}
        model.content = packed(LinearModel(text_models.SENTIMENTS, "softmax", 0, [0.0] * 3, [], *NO_WEIGHTS))
    return str(model.id)


async def emerged(survey: Harness, account: UUID) -> str:
    """A topic that a look found; looking is the business of other tests."""
    said = Unnamed(new_id(), "The music is loud.", "en", survey.clock.now())
    async with survey.work(account) as work:
        await emerging.keep(work, [Group(members=[0], phrases=["loud music"])], [said])
        await emerging.look(work)
    [topic] = (await survey.client(account=account).get("/v1/emerging-topics")).json()["data"]
    return str(topic["id"])


async def attached(survey: Harness, account: UUID, feedback_id: str) -> str:
    """A file that came along with it."""
    async with survey.work(account) as work:
        attachment = Attachment(
            id=new_id(),
            account_id=account,
            feedback_id=UUID(feedback_id),
            position=0,
            name="box.txt",
            media_type="text/plain",
            size=5,
            refused=None,
            created_at=work.now,
        )
        work.session.add(attachment)
        await file_store(survey.runtime.settings).put(file_key(account, attachment.id), b"hello")
    return str(attachment.id)


async def spared(notifier: Harness, account: UUID) -> str:
    """An address that does not exist, as its provider says."""
    told: dict[str, Any] = {"report_id": new_id(), "source_id": new_id(), "source": "postmark", "reason": None}
    bounced: dict[str, Any] = {"message_id": None, "recipient": "gone@example.com", "state": "bounced_hard"}
    report = DeliveryReported(channel="email", **told, **bounced, reported_at=notifier.clock.now())
    await notifier.deliver(report, account=account)
    return await first(notifier.client(account=account), "/v1/suppressions")


async def of_notifier(notifier: Harness, account: UUID) -> Resources:
    await hear_of_account(notifier, account)
    customer_id = new_id()
    ana = CustomerCreated(customer_id=customer_id, profile=profile_of(email="ana@example.com"))
    await notifier.deliver(ana, account=account, subject=customer_id)
    client = notifier.client(account=account)
    message = {"customer_id": str(customer_id), "subject": "About your parcel", "text": "It is on its way."}
    # One of their own: those that every account has cannot be deleted.
    look = {"type": "open_ticket", "subject": "Look at this"}
    rule = {"name": "Watch", "event_type": FeedbackReceived.TYPE, "actions": [look]}
    endpoint = await made(client, "/v1/webhook-endpoints", {"url": "https://127.0.0.1/heed"})
    return {
        "customer_id": str(customer_id),
        "rule_id": (await made(client, "/v1/rules", rule))["id"],
        "template_id": await first(client, "/v1/templates"),
        "message_id": (await made(client, "/v1/messages", message))["id"],
        "channel_id": (await made(client, "/v1/slack-channels", {"name": "#a", "url": "https://127.0.0.1/x"}))["id"],
        "endpoint_id": endpoint["id"],
        "delivery_id": (await made(client, f"/v1/webhook-endpoints/{endpoint['id']}/test", {}, 202))["id"],
        "suppression_id": await spared(notifier, account),
    }


# Listed only below what they belong to.
NESTED: Final = {
    # Of metrics, which only measures what tickets list.
    "improvement_id",
    "identity_id",
    "note_id",
    "run_id",
    "trigger_id",
    "experiment_id",
    "delivery_id",
    "replay_id",
    "attachment_id",
    "reapplication_id",
    "article_file_id",
    "ticket_file_id",
    "said_id",
    "absence_id",
}
MAKERS: Final[Mapping[str, Callable[[Harness, UUID], Awaitable[Resources]]]] = {
    "gateway": of_gateway,
    "customers": of_customers,
    "survey": of_survey,
    "tickets": of_tickets,
    "metrics": of_metrics,
    "notifier": of_notifier,
}
_FILES: Final = f"{tempfile.gettempdir()}/heed-files-of-tests"
# What a service under test needs to be told, so that it can be shown a whole life on one machine.
SETTINGS: Final[Mapping[str, dict[str, Any]]] = {
    "survey": {"survey_contact_wait_seconds": 0, "files_folder": _FILES},
    "tickets": {"files_folder": _FILES},
    "notifier": {"webhook_allow_cidrs": "127.0.0.0/8"},
}

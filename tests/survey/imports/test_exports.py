"""Exports of other tools are known by their header."""

from uuid import UUID

import httpx
import pytest

from shared.testing.harness import Harness
from tests.survey.imports.making import counts, heard, run, upload


@pytest.fixture
def client(survey: Harness, account: UUID) -> httpx.AsyncClient:
    return survey.client(account=account)


# An export as the tool writes it, and what its first line has to become.
EXPORTS: dict[str, tuple[str, str, str, int, str | None]] = {
    "delighted": (
        "Response ID,Person Email,Person Name,Score,Comment,Permalink,Survey Type,Created At\n"
        "5435,ana@example.com,Ana,9,Came fast,https://delighted.com/r/5435,nps,2025-05-02 10:00:00 UTC\n",
        "5435", "nps", 9, "Came fast",
    ),
    "surveymonkey": (
        '"Respondent ID","Collector ID","Start Date","End Date","IP Address","Email Address","First Name",'
        '"How likely is it that you would recommend us?","What can we do better?"\n'
        ',,,,,,,"","Open-Ended Response"\n'
        '118,44,"06/10/2022 07:48:07 AM","06/10/2022 08:09:25 AM",10.0.0.1,ana@example.com,Ana,3,'
        '"The parcel came late, and nobody answered the phone for days."\n',
        "118", "nps", 3, "The parcel came late, and nobody answered the phone for days.",
    ),
    "typeform": (
        "#,How satisfied are you?,Tell us more about what you liked,Response Type,Start Date (UTC),"
        "Submit Date (UTC),Network ID\n"
        "abc123,4,Nice people who know what they sell and take their time.,completed,2025-05-02 10:00:00,"
        "2025-05-02 10:01:00,f00\n",
        "abc123", "csat", 4, "Nice people who know what they sell and take their time.",
    ),
    "google_forms": (
        "Timestamp,Email Address,How was your visit?,Anything else you want to tell us?\n"
        "5/2/2025 10:00:00,ana@example.com,5,Everything was fine and the coffee was really good.\n",
        "", "rating", 5, "Everything was fine and the coffee was really good.",
    ),
    "zendesk": (
        "id,ticket_id,requester_email,score,comment,reason,created_at\n"
        "1,77,ana@example.com,bad_without_comment,Nobody answered,Slow,2025-05-02T10:00:00Z\n",
        "77", "binary", 0, "Nobody answered",
    ),
    "chatwoot": (
        "Agent Name,Rating,Feedback Comment,Contact Name,Contact Email Address,Contact Phone Number,"
        "Link to the conversation,Recorded date\n"
        "Rui,5,Thank you,Ana,ana@example.com,,https://chat.example/app/accounts/1/conversations/9,"
        "2025-05-02 10:00:00 UTC\nReporting period 2025-05-01 to 2025-05-31\n",
        "https://chat.example/app/accounts/1/conversations/9", "csat", 5, "Thank you",
    ),
    "formbricks": (
        "No.,Response ID,Timestamp,Finished,Survey ID,Formbricks ID (internal),User ID,Tags,url,"
        "userAgent - os,1. How likely are you to recommend us?,1. How likely are you to recommend us? - Option ID,"
        "2. Why?\n"
        "1,cm1,2025-05-02 10:00:00,Yes,s1,x1,u-7,,https://shop.example/thanks,macOS,10,3,"
        "They helped me at once and were friendly all along.\n",
        "cm1", "nps", 10, "They helped me at once and were friendly all along.",
    ),
    "hub": (
        "id,tenant_id,submission_id,source_type,field_id,field_label,field_type,value_text,value_number,user_id,"
        "collected_at\n"
        "r1,acme,s-1,survey,q-1,How likely?,nps,,3,ext-7,2025-05-02T10:00:00Z\n",
        "s-1/q-1", "nps", 3, None,
    ),
}  # fmt: skip


class TestExports:
    @pytest.mark.parametrize("key", EXPORTS)
    async def test_are_known_by_their_header(self, survey: Harness, client: httpx.AsyncClient, key: str) -> None:
        content, external_id, scheme, score, text = EXPORTS[key]
        uploaded = await upload(client, content)
        assert (uploaded["format"], uploaded["rows"]) == (key, 1)
        done = await run(survey, client, uploaded["id"])
        assert counts(done) == (1, 1, 0, 0, 0)
        [found] = await heard(client)
        assert (found["rating"]["scheme"], found["rating"]["raw"], found["text"]) == (scheme, score, text)
        assert found["occurred_at"][:4] in ("2022", "2025")
        assert found["external_id"].startswith(f"{key}:{external_id}")
        again = await run(survey, client, (await upload(client, content))["id"])
        assert counts(again) == (1, 0, 0, 1, 0)

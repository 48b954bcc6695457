"""Chatwoot, the CSAT report; a conversation is rated once, so its link is the id. Its last line names the days."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="chatwoot",
    header=("rating", "feedbackcomment", "linktotheconversation|recordeddate"),
    columns={
        "linktotheconversation": "external_id",
        "recordeddate": "occurred_at",
        "rating": "score",
        "feedbackcomment": "text",
        "contactname": "customer.name",
        "contactemailaddress": "customer.email",
        "contactphonenumber": "customer.phone",
        "agentname": "dimensions.agent",
        "reviewnotes": None,
    },
    channel="chat",
    scale="csat",
    footer=True,
    timezone="UTC",
)

"""Zendesk, satisfaction ratings: as the API names them (`/api/v2/satisfaction_ratings`), or of a report in Explore."""

from decimal import Decimal

from services.survey.imports.formats import Format

_GOOD = ("good", "goodwithcomment", "goodwithoutcomment")
_BAD = ("bad", "badwithcomment", "badwithoutcomment")
FORMAT = Format(
    key="zendesk",
    header=("ticketid", "score|ticketsatisfactionrating|satisfactionscore|satisfactionrating"),
    columns={
        "id": "dimensions.rating",
        "ticketid": "external_id",
        "score": "score",
        "ticketsatisfactionrating": "score",
        "satisfactionscore": "score",
        "satisfactionrating": "score",
        "comment": "text",
        "ticketsatisfactioncomment": "text",
        "satisfactioncomment": "text",
        "reason": "dimensions.reason",
        "reasoncode": None,
        "ticketsatisfactionreason": "dimensions.reason",
        "requesterid": None,
        "requesteremail": "customer.email",
        "requestername": "customer.name",
        "createdat": "occurred_at",
        "ticketsatisfactiondate": "occurred_at",
        "updatedat": None,
        "assigneeid": None,
        "groupid": None,
        "url": None,
    },
    channel="email",
    scale="binary",
    words={**dict.fromkeys(_GOOD, Decimal(1)), **dict.fromkeys(_BAD, Decimal(0))},
)

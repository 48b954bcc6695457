"""Delighted, the export of responses (one survey type each)."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="delighted",
    header=("score", "comment", "permalink|surveytype|personid|responseid"),
    columns={
        "id": "external_id",
        "responseid": "external_id",
        "score": "score",
        "surveytype": "score.kind",
        "comment": "text",
        "email": "customer.email",
        "personemail": "customer.email",
        "emailaddress": "customer.email",
        "phonenumber": "customer.phone",
        "personphonenumber": "customer.phone",
        "name": "customer.name",
        "personname": "customer.name",
        "createdat": "occurred_at",
        "respondedat": "occurred_at",
        "responsedate": "occurred_at",
        "permalink": "url",
        "personid": None,
        "personcreatedat": None,
        "updatedat": None,
        "notes": None,
        "tags": "dimensions.tags",
        "sentat": None,
    },
    channel="email",
    scale="nps",
)

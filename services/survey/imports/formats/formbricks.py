"""Formbricks, the responses of a survey as CSV."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="formbricks",
    header=("responseid", "formbricksidinternal|surveyid|userid", "timestamp|finished"),
    columns={
        "no": None,
        "responseid": "external_id",
        "timestamp": "occurred_at",
        "finished": None,
        "surveyid": "dimensions.survey",
        "formbricksidinternal": None,
        "userid": "customer.external_id",
        "email": "customer.email",
        "tags": "dimensions.tags",
        "notes": None,
        "quotas": None,
        "url": "url",
    },
)

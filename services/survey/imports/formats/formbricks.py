"""Formbricks, the responses of a survey as CSV or XLSX; what an answer's option is called inside says nothing."""

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
        "verifiedemail": "customer.email",
        "tags": "dimensions.tags",
        "notes": None,
        "quotas": None,
        "url": "url",
        "source": "dimensions.source",
        "country": "dimensions.country",
        "useragentos": None,
        "useragentbrowser": None,
        "useragentdevice": "dimensions.device",
    },
    asides=("optionid",),
)

"""SurveyMonkey, "All responses data" as CSV, with its second line of sub-questions."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="surveymonkey",
    header=("respondentid", "collectorid"),
    columns={
        "respondentid": "external_id",
        "collectorid": "dimensions.collector",
        "startdate": None,
        "datecreated": None,
        "enddate": "occurred_at",
        "datemodified": "occurred_at",
        "ipaddress": None,
        "emailaddress": "customer.email",
        "firstname": "customer.name",
        "lastname": "customer.name",
        "customdata1": None,
    },
    second_header=True,
)

"""Typeform, the results as CSV."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="typeform",
    header=("#", "submitdateutc|submittedat", "networkid|responsetype|startdateutc"),
    columns={
        "#": "external_id",
        "submitdateutc": "occurred_at",
        "submittedat": "occurred_at",
        "startdateutc": None,
        "stagedateutc": None,
        "networkid": None,
        "responsetype": None,
        "tags": "dimensions.tags",
        "ending": None,
        "email": "customer.email",
    },
    timezone="UTC",
)

"""Google Forms, its sheet of responses as CSV; lines have no ids."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="google_forms",
    header=("timestamp|zeitstempel|horodateur|marcatemporal|carimbodedatahora",),
    columns={
        "timestamp": "occurred_at",
        "zeitstempel": "occurred_at",
        "horodateur": "occurred_at",
        "marcatemporal": "occurred_at",
        "carimbodedatahora": "occurred_at",
        "emailaddress": "customer.email",
        "username": "customer.email",
    },
)

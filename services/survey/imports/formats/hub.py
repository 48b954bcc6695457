"""Formbricks Hub, its records one a line, with the names of its OpenAPI 1.1.0."""

from services.survey.imports.formats import Format

FORMAT = Format(
    key="hub",
    header=("fieldid", "fieldtype", "sourcetype"),
    columns={
        "id": None,
        "submissionid": "external_id",
        "fieldid": "external_id",
        "fieldlabel": "title",
        "fieldtype": "score.kind",
        "valuenumber": "score",
        "valuetext": "text",
        "valueboolean": "dimensions.answer",
        "valueid": "dimensions.choice",
        "valuedate": None,
        "language": "language",
        "userid": "customer.external_id",
        "collectedat": "occurred_at",
        "createdat": None,
        "updatedat": None,
        "metadata": None,
        "tenantid": "dimensions.tenant",
        "sourcetype": "dimensions.source_type",
        "sourceid": "dimensions.source_id",
        "sourcename": "dimensions.source_name",
        "fieldgroupid": "dimensions.field_group",
        "fieldgrouplabel": None,
    },
    channel="api",
    scale="stars",
)

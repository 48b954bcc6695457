"""What a column of a file can be."""

from typing import Final

FIELDS: Final = (
    "external_id",
    "occurred_at",
    "score",
    "score.kind",
    "title",
    "text",
    "language",
    "channel",
    "url",
    "order_ref",
    "product_ref",
    "location_ref",
    "touchpoint",
    "customer.external_id",
    "customer.email",
    "customer.phone",
    "customer.name",
)
# These may be made of several columns, with what stands between them.
SEVERAL: Final = {"external_id": "/", "text": "\n\n", "customer.name": " "}
DIMENSION: Final = "dimensions."

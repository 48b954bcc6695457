"""What `/v1/text-models/external` shows."""

from shared.external_models.schemas import ExternalModelOut


class LabellingModelOut(ExternalModelOut):
    """`waiting`: texts still to be sent; once a cap is reached they wait for the next month."""

    waiting: int

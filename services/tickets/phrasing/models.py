"""The language model of somebody else's that words an account's answers."""

from sqlalchemy import Index

from services.tickets.db import Base
from shared.external_models.models import ExternalModelRow


class ExternalModel(ExternalModelRow, Base):
    """One for an account, off unless it is wanted."""

    __tablename__ = "external_models"
    __table_args__ = (Index("uq_external_models_account_id", "account_id", unique=True),)

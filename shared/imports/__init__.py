"""Files whose lines become something of the account: uploaded once, tried as often as one likes, then gone through in
portions, each with the progress in one transaction."""

from shared.imports.shelf import Errors, Rejected, Shelf
from shared.imports.tables import ImportRow, PortionRow, RejectionRow

__all__ = ["Errors", "ImportRow", "PortionRow", "Rejected", "RejectionRow", "Shelf"]

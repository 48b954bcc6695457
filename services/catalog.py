"""The six services by name. A container's image holds one of them, so they are looked up, never imported up front."""

import importlib
import importlib.util
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from shared.service import Service

NAMES = ("gateway", "customers", "survey", "tickets", "metrics", "notifier")


def present() -> list[str]:
    """Names of the services whose code is here."""
    return [name for name in NAMES if _has_app(name)]


def load(name: str) -> "Service":
    """The declaration in `services/<name>/app.py`."""
    service: Service = importlib.import_module(f"services.{name}.app").SERVICE
    return service


def load_all() -> list["Service"]:
    return [load(name) for name in present()]


def _has_app(name: str) -> bool:
    try:
        return importlib.util.find_spec(f"services.{name}.app") is not None
    except ModuleNotFoundError:
        return False

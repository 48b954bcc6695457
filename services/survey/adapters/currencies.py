"""Amounts in a currency's smallest unit, as payment platforms send them (https://docs.stripe.com/currencies)."""

from decimal import Decimal
from typing import Final

# No smaller unit. (ISK and UGX have none either, and are counted in hundredths.)
_WHOLE: Final = {
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
}
_THOUSANDTHS: Final = {"BHD", "JOD", "KWD", "OMR", "TND"}


def in_main_units(units: Decimal, currency: str) -> Decimal:
    """1250 → 12.50 EUR, 1250 JPY, 1.250 KWD."""
    return units.scaleb(-(0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2))

"""Drivers from a table of answers: `python -m services.metrics.drivers.calculating`.

A process of its own, so that what it loads and needs goes with it, and no request waits for its arithmetic.
"""

import sys

from services.metrics.drivers.exchange import Given


def answer(given: bytes) -> bytes:
    asked = Given.model_validate_json(given)
    # Each view loads what it needs: statsmodels takes longer to load than most tables to be weighed.
    if asked.view == "weights":
        from services.metrics.drivers.weighing import weigh

        return weigh(asked.table).model_dump_json().encode()
    from services.metrics.drivers.regressing import regress

    return regress(asked.table).model_dump_json().encode()


def main() -> None:
    sys.stdout.buffer.write(answer(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()

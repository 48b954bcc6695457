"""`python -m shared.contracts snapshot`: write the schemas that later changes are compared with."""

import json
import sys
from pathlib import Path

from shared.contracts.registry import registry
from shared.contracts.schemas import incompatibilities, schema_of

SNAPSHOTS = Path(__file__).parent.parent.parent / "tests" / "contracts" / "schemas"


def snapshot() -> int:
    """Refuses to overwrite a schema with an incompatible one; such a change is a new class with `.v2`."""
    SNAPSHOTS.mkdir(parents=True, exist_ok=True)
    broken = False
    for event_type, payload in registry().items():
        path = SNAPSHOTS / f"{event_type}.json"
        new = schema_of(payload)
        if path.exists():
            for reason in incompatibilities(json.loads(path.read_text()), new):
                print(f"{event_type}: {reason}", file=sys.stderr)
                broken = True
        if not broken:
            path.write_text(json.dumps(new, indent=2, sort_keys=True) + "\n")
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:] != ["snapshot"]:
        sys.exit("usage: python -m shared.contracts snapshot")
    sys.exit(snapshot())

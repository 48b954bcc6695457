"""`python -m tests.bench [name ...]`: measure, and print ratios. Ends with 1 if one misses its bar."""

import importlib
import sys
from pathlib import Path

NAMES = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))


def main(wanted: list[str]) -> int:
    unknown = set(wanted) - set(NAMES)
    if unknown:
        print(f"no such measurement: {', '.join(sorted(unknown))}; there are: {', '.join(NAMES)}", file=sys.stderr)
        return 2
    print("         ratio       (bar)          rounds  what")
    missed = 0
    for name in wanted or NAMES:
        for ratio in importlib.import_module(f"tests.bench.bench_{name}").bench():
            print(ratio.line(), flush=True)
            missed += not ratio.reached
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

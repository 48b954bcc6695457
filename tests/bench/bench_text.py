"""What a text tells: comments in seven languages, analysed on one core, and the memory that takes.

The bars are counts a second and megabytes, since nothing else does the same work; seconds are those of the processor.
"""

import json
import subprocess
import sys

from tests.bench.report import Ratio

ROUNDS, SECONDS = 5, 2.0


def bench() -> list[Ratio]:
    command = [sys.executable, "-m", "tests.bench.comments", str(ROUNDS), str(SECONDS)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return [
        Ratio(
            f"thousand comments of {told['letters']:.0f} letters analysed in a second of one core",
            [rate / 1_000 for rate in told["per_second"]],
            at_least=3,
        ),
        Ratio("megabytes that the analysis adds to the service", [told["megabytes"]], at_most=150),
    ]

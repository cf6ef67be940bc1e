"""The faults of the API, given to others: `python -m benchmarks.contract_peers [--seconds N]
[--only PEER …] [--write]`.

Faults live in `tests/`, and nothing outside may import them: so this only starts the program that
stands beside them.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import ROOT


def main() -> int:
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.api.other_fuzzers", *sys.argv[1:]],
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())

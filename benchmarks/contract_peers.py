"""Try the faults of the API on other fuzzers.

    python -m benchmarks.contract_peers [--seconds N] [--only PEER …] [--write]

The faults are in `tests/`, and nothing outside of it may import them. So this command only starts
the program beside them.
"""

from __future__ import annotations

import subprocess
import sys

from benchmarks.figures import ROOT


def main() -> int:
    """Start the program beside the faults, with the same arguments."""
    return subprocess.run(
        [sys.executable, "-m", "tests.faults.api.other_fuzzers", *sys.argv[1:]],
        cwd=ROOT,
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())

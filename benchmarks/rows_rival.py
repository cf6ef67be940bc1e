"""The checksum that data-diff (or reladiff, which goes on where data-diff ended) sends to
PostgreSQL, run by that program itself.

Neither is a dependency of this project: they are installed from PyPI into an environment that lasts
as long as the benchmark.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RIVALS = {
    "data_diff": ("data-diff==0.11.2", "dbt-core<1.10", "psycopg2-binary", "setuptools<81"),
    "reladiff": ("reladiff[postgresql]==0.6.0",),
}
"""Modules, and what pip is asked for (later releases of dbt-core fetch a parser from elsewhere).

The first that can be installed and run is measured.
"""
_CHECKSUM = """
import importlib, sys
module, dsn, table, key, *columns = sys.argv[1:]
segment = importlib.import_module(module).connect_to_table(dsn, table, key, extra_columns=tuple(columns)).with_schema()
print(segment.count_and_checksum()[0])
"""


@dataclass(frozen=True)
class Rival:
    """One of them, ready to run."""

    name: str
    module: str
    python: Path

    def checksum(self, dsn: str, table: str, key: str, columns: Sequence[str]) -> int:
        """Sum up a table as it does; gives the rows that it saw. Raises `CalledProcessError`."""
        ran = subprocess.run(
            [self.python, "-c", _CHECKSUM, self.module, dsn, table, key, *columns],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(ran.stdout.split()[-1])


@contextmanager
def rival(dsn: str, table: str, key: str) -> Iterator[Rival | None]:
    """The first one that can be installed here and sums up `table`; None where none can."""
    with tempfile.TemporaryDirectory() as folder:
        for module, wanted in RIVALS.items():
            found = _installed(Path(folder, module), module, wanted)
            try:
                if found is not None and found.checksum(dsn, table, key, ()):
                    break
            except (subprocess.CalledProcessError, ValueError, IndexError) as error:
                print(
                    f"{found and found.name} does not run here:"
                    f" {str(getattr(error, 'stderr', error)).strip()[-200:]}",
                    file=sys.stderr,
                )
            found = None
        yield found


def _installed(folder: Path, module: str, wanted: Sequence[str]) -> Rival | None:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    ran = subprocess.run(
        [python, "-m", "pip", "install", "-q", *wanted], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        print(f"{wanted[0]} cannot be installed: {ran.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    return Rival(wanted[0], module, python)

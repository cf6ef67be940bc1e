"""The checksum of data-diff or of its successor reladiff, run by that program itself.

Neither is a dependency of this project. They are installed from PyPI into an environment that
exists as long as the benchmark runs.
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

OTHER_TOOLS = {
    "data_diff": ("data-diff==0.11.2", "dbt-core<1.10", "psycopg2-binary", "setuptools<81"),
    "reladiff": ("reladiff[postgresql]==0.6.0",),
}
"""Modules, and the requirements that pip installs. The first module that runs is measured.

Later releases of dbt-core download a parser from elsewhere.
"""
_CHECKSUM = """
import importlib, sys
module, dsn, table, key, *columns = sys.argv[1:]
library = importlib.import_module(module)
segment = library.connect_to_table(dsn, table, key, extra_columns=tuple(columns)).with_schema()
print(segment.count_and_checksum()[0])
"""


@dataclass(frozen=True)
class OtherTool:
    """One of the tools, ready to run."""

    name: str
    module: str
    python: Path

    def checksum(self, dsn: str, table: str, key: str, columns: Sequence[str]) -> int:
        """Compute the tool's checksum of a table, and return its row count.

        Raises `CalledProcessError`.
        """
        ran = subprocess.run(
            [self.python, "-c", _CHECKSUM, self.module, dsn, table, key, *columns],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(ran.stdout.split()[-1])


@contextmanager
def install_other_tool(dsn: str, table: str, key: str) -> Iterator[OtherTool | None]:
    """Yield the first tool that can be installed here and reads `table`; None where none can."""
    with tempfile.TemporaryDirectory() as folder:
        for module, wanted in OTHER_TOOLS.items():
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


def _installed(folder: Path, module: str, wanted: Sequence[str]) -> OtherTool | None:
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    ran = subprocess.run(
        [python, "-m", "pip", "install", "-q", *wanted], capture_output=True, text=True, check=False
    )
    if ran.returncode:
        print(f"{wanted[0]} cannot be installed: {ran.stderr.strip()[-200:]}", file=sys.stderr)
        return None
    return OtherTool(wanted[0], module, python)

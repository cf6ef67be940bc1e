"""The lease of a gate, as long as which restored copies of the backup are kept.

The controller holds it: its workers may end at any time, and what one of them has restored serves
the others. When the controller ends, in whatever way, the copies are removed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.util.lease import Lease, hold_lease

END_SECONDS = 15.0
"""Seconds for the copies to be removed at the end of a gate: files of many gigabytes take a few."""
_FILE = "gate.lease"


class CopyLease:
    """The lease in the controller of a gate."""

    def __init__(self, run: PytestRun) -> None:
        self.run = run
        self._lease: Lease | None = None

    def hold(self) -> None:
        """Begin the lease."""
        # Also without the suite `migrations`: a hospital's own checks may look into its backup.
        self._lease = hold_lease(lease_path(self.run.first_folder / "database"))

    def release(self) -> None:
        """End the lease, and wait until the copies are gone."""
        lease, self._lease = self._lease, None
        if lease is not None and not lease.release(END_SECONDS):
            print_line("the restored copy of the backup is still being removed")


def lease_path(folder: Path) -> Path:
    """Return the file of the lease, in the folder that the processes of a gate share."""
    return folder / _FILE


@contextmanager
def hold_lease_without_gate(run: PytestRun, folder: Path) -> Iterator[Path]:
    """Give the file of the gate's lease; without a gate this process holds one for its checks."""
    path = lease_path(folder)
    if run.folders:
        yield path
        return
    lease = hold_lease(path)
    try:
        yield path
    finally:
        lease.release(END_SECONDS)


def name_running_check() -> str:
    """Return the id of the check that runs in this process; empty where none does."""
    # pytest sets it to `ID (setup)`, `ID (call)` or `ID (teardown)`.
    return os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]

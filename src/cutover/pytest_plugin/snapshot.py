"""`pytest --snapshot`: no checks and no verdict, only a snapshot of the target's database, such as
just before the migration.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from cutover.database.session import DatabaseSilent
from cutover.evidence import NotProven
from cutover.pytest_plugin.database import open_site
from cutover.pytest_plugin.outputs import say
from cutover.pytest_plugin.progress import Teller
from cutover.pytest_plugin.run import MISTAKES, bring_up, make_run
from cutover.targets.embedded import DidNotStart


def snapshot_only(config: pytest.Config) -> int:
    """Take it and say where it lies.

    Returns 0 when every table is in it. Raises `pytest.UsageError`.
    """
    from cutover.database.snapshot import Snapshot

    run = make_run(config)
    if run.gates:
        raise pytest.UsageError(
            f"--snapshot runs no gate: leave -m {' or '.join(run.gates)} out, or leave"
            " --snapshot out"
        )
    run.snapshot_only = True
    try:
        target = bring_up(run)
        with tempfile.TemporaryDirectory() as folder:
            site = replace(
                open_site(run, run.settings, next(target), lambda: Path(folder)), say=Teller(None)
            )
            taken = Snapshot.take(site)
        next(target, None)
    except MISTAKES as mistake:
        raise pytest.UsageError(str(mistake)) from None
    except (DatabaseSilent, NotProven, DidNotStart) as why:
        say(f"no snapshot was taken: {why}")
        return int(pytest.ExitCode.TESTS_FAILED)
    rows = sum(table.counted or 0 for table in taken.figures.tables.values())
    say(
        f"snapshot of {run.settings.target}, taken {taken.taken}: {len(taken.figures.tables)}"
        f" tables, {rows:,} rows, in {taken.path}"
    )
    return 0

"""The snapshot of an embedded hospital before its cutover: taken before anybody signs in.

Each gate starts a hospital of its own from the same rows. What the gate of the night before writes
(sessions, lines of the audit log) is in no later one, and would be missing there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from cutover_gates.config.base import SettingsError
from cutover_gates.core.findings import NotProven
from cutover_gates.plugin.progress import ProgressPrinter
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.target_start import embedded_stage
from cutover_gates.targets.running_target import RunningTarget


def take_early_snapshot(run: PytestRun, target: RunningTarget) -> None:
    """Take the snapshot of this gate now; its check reads the same one later.

    Why it cannot be taken is said by that check, which tries again.
    """
    if target.kind != "embedded" or "migrations" not in run.suites or not run.folders:
        return
    if embedded_stage(run) != "before":
        return
    # here, because they load psycopg (0.1 s), which most gates do not need before their checks
    import psycopg

    from cutover_gates.plugin.fixtures.database import open_database_context
    from cutover_gates.probes.database.rows.assessments import RowAssessments

    context = open_database_context(run, run.settings, target, lambda: run.first_folder)
    printing = replace(context, report_progress=ProgressPrinter(None))
    with suppress(NotProven, SettingsError, psycopg.Error):
        RowAssessments(printing).take_snapshot_once()

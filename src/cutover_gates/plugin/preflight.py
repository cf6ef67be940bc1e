"""What is told before the first check: accounts, databases and clocks that would spoil the run.

Each is told once, within seconds of the start. Checks that do not need it still run.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cutover_gates.plugin.account_check import check_accounts
from cutover_gates.plugin.clock_check import compare_clocks
from cutover_gates.plugin.database_check import check_databases
from cutover_gates.plugin.progress import print_line
from cutover_gates.plugin.run import PytestRun


@dataclass(frozen=True)
class Preflight:
    """What was found: `holds` are NO-GO whatever the checks say, `warnings` change nothing."""

    holds: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def check_before_start(run: PytestRun) -> Preflight:
    """Ask databases, accounts and clocks once, and print what is wrong.

    Refused accounts and the slack of the clocks are kept in the run: its workers are told of them.
    """
    assert run.running_target is not None
    databases = check_databases(run, run.running_target)
    refused = [] if run.suites == {"migrations"} else check_accounts(run)
    run.clock = compare_clocks(run, run.running_target, databases.clocks)
    run.running_target = replace(run.running_target, clock=(run.clock.earliest, run.clock.latest))
    holds = (*databases.holds, *refused)
    for hold in holds:
        print_line(f"this will be NO-GO: {hold}")
    for warning in (*databases.warnings, *run.clock.notes):
        print_line(warning)
    return Preflight(holds, databases.warnings)

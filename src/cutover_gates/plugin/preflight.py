"""Asks accounts and clocks before the first check, for what would spoil the run.

Each fault is reported once, within seconds of the start. Checks that do not need what is wrong
still run.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cutover_gates.core.clock_slack import ClockReading, combine_readings, find_slack
from cutover_gates.plugin.account_check import check_accounts
from cutover_gates.plugin.database_check import DatabaseAnswers
from cutover_gates.plugin.run import PytestRun


@dataclass(frozen=True)
class Preflight:
    """What was found: `holds` are NO-GO whatever the checks say, `warnings` change nothing."""

    holds: tuple[str, ...]
    warnings: tuple[str, ...]


def check_before_start(
    run: PytestRun, databases: DatabaseAnswers, clocks: Sequence[ClockReading]
) -> Preflight:
    """Ask each account once, and compare the clocks.

    `databases` is what the databases answered, `clocks` are readings of the target's clock. Refused
    accounts and the slack of the clocks are kept in the running target, which the workers get.
    """
    assert run.running_target is not None
    refused = [] if run.suites == {"migrations"} else check_accounts(run)
    readings = [*combine_readings("the clock of the target", clocks), *databases.clocks]
    slack = find_slack(readings, run.settings.chosen_target.limits.clock_skew_seconds)
    run.running_target = replace(run.running_target, clock=slack)
    return Preflight((*databases.holds, *refused), databases.warnings)

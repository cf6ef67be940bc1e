"""Asks the target's databases before the first check whether they can be read at all."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cutover_gates.config.migrations import Migrations
from cutover_gates.core.clock_slack import ClockReading
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.running_target import RunningTarget


@dataclass(frozen=True)
class DatabaseAnswers:
    """What the databases of a target answered.

    `holds` name those that cannot be read. `warnings` say what can then not be proven. `clocks` are
    the bounds of their clocks. `problem`, `migration` and `system_name` are those of the database
    of `dsn`.
    """

    holds: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    clocks: tuple[ClockReading, ...] = ()
    problem: str = ""
    migration: str | None = None
    system_name: str = ""


def check_databases(run: PytestRun, target: RunningTarget) -> DatabaseAnswers:
    """Ask each database that the settings give, once. Nothing is raised for what they do.

    A gate asks here for all that it needs to know of them before its checks: a connection may take
    seconds.
    """
    given = {"dsn": target.database, "standby_dsn": target.standby}
    if not any(given.values()):
        return DatabaseAnswers()
    # here, because psycopg takes long to load (0.1 s), and not every target gives a database
    from cutover_gates.probes.database.readiness import DatabaseReadiness, read_readiness

    settings = run.settings.chosen_target.database
    answers: dict[str, DatabaseReadiness] = {}
    holds, warnings, clocks = [], [], []
    for key, dsn in given.items():
        if dsn is None:
            continue
        began = time.time()
        ready = answers[key] = read_readiness(dsn, settings)
        if ready.problem:
            holds.append(_describe_problem(target, key, ready.problem))
        elif not ready.has_amcheck and _needs_amcheck(run, target, key):
            warnings.append(_describe_missing_amcheck(target))
        if ready.time is not None:
            name = f"the clock of the database ({key})"
            clocks.append(ClockReading(name, ready.time - time.time(), ready.time - began))
    if "migrations" in run.suites:
        warnings += warn_of_rollback(target.name, run.settings.chosen_target.migrations)
    own = answers.get("dsn")
    return DatabaseAnswers(
        tuple(holds),
        tuple(warnings),
        tuple(clocks),
        own.problem if own else "",
        own.migration if own else None,
        own.system_name if own else "",
    )


def _needs_amcheck(run: PytestRun, target: RunningTarget, key: str) -> bool:
    # The server of an embedded hospital or a container cannot be given the extension.
    return key == "dsn" and "migrations" in run.suites and not target.is_ephemeral


def _describe_problem(target: RunningTarget, key: str, problem: str) -> str:
    return (
        f"the database of target {target.name!r} cannot be read: {problem}. What rests on it cannot"
        f" be proven: correct {key} in [targets.{target.name}.database], its password or its rights"
    )


def _describe_missing_amcheck(target: RunningTarget) -> str:
    return (
        f"the database of target {target.name!r} lacks the extension amcheck: its indexes are"
        " read entry by entry, which takes longer, and an index that PostgreSQL does not choose to"
        " read is not proven. Run CREATE EXTENSION amcheck"
    )


def warn_of_rollback(target: str, declared: Migrations) -> list[str]:
    """Return a sentence where nothing would list what people wrote since the snapshot."""
    grows = any(change.grows_above for change in declared.tables.values())
    if grows or declared.standstill:
        return []
    return [
        f"a rollback of target {target!r} could not be GO: no table is declared to grow, so what"
        " people wrote since the snapshot cannot be listed. Declare grows_above under"
        f" [targets.{target}.migrations.tables] before the snapshot is taken, or, where nobody"
        f" works meanwhile, [targets.{target}.migrations.standstill]"
    ]

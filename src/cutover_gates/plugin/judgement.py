"""Judges the gates of a run from its results, and finds faults of the run itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from cutover_gates.core.judge import judge
from cutover_gates.core.tables import suggest_nearest
from cutover_gates.core.verdict import CheckResult, Verdict, VerdictSubject
from cutover_gates.core.waivers import Decision, load_decisions
from cutover_gates.plugin.release_judgement import ReleaseJudgement
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.run import PytestRun

NORMAL_EXIT_CODES = {
    pytest.ExitCode.OK,
    pytest.ExitCode.TESTS_FAILED,
    pytest.ExitCode.NO_TESTS_COLLECTED,
}
"""pytest's own statuses under which a run came to its end.

Every other one is a fault of the run.
"""


@dataclass(frozen=True)
class Decisions:
    """The decisions that people made before the run. `not_applicable` maps item ids to reasons."""

    waivers: Sequence[Decision]
    signoffs: Sequence[Decision]
    not_applicable: dict[str, str]


def load_all_decisions(run: PytestRun) -> Decisions:
    """Read waivers, sign-offs and declarations. Raises `DecisionError`."""
    settings = run.settings
    return Decisions(
        load_decisions(settings.resolve_path(settings.waivers), "waiver"),
        load_decisions(settings.resolve_path(settings.signoffs), "signoff"),
        run.plan.apply_declarations(
            {name: fact.reason for name, fact in settings.chosen_target.not_applicable.items()}
        ),
    )


def describe_unknown_declarations(run: PytestRun) -> str:
    """Return a sentence on declarations that have no effect; empty where each has one.

    They are no error: a plan may be smaller than the settings of a target that knows more items.
    """
    declared = run.settings.chosen_target.not_applicable
    unknown = run.plan.unknown_declarations(declared)
    if not unknown:
        return ""
    nearest = suggest_nearest(unknown[0], run.plan.by_id)
    return (
        f"[targets.{run.settings.target}.not_applicable] names {', '.join(unknown)}: the plan has"
        f" no such item, so this has no effect.{nearest}"
    )


def judge_gates(
    run: PytestRun,
    results: Sequence[CheckResult],
    decisions: Decisions,
    subject: VerdictSubject,
    run_errors: Sequence[str],
    releases: ReleaseJudgement,
) -> list[Verdict]:
    """Return the verdict of each gate of the run."""
    return [
        judge(
            run.plan,
            gate,
            [*results, *releases.results(gate)],
            subject=subject,
            started=run.started,
            now=datetime.now(UTC),
            waivers=decisions.waivers,
            signoffs=decisions.signoffs,
            not_applicable=decisions.not_applicable,
            run_errors=[*run_errors, *releases.holds(gate)],
        )
        for gate in run.gates
    ]


def find_missing_guards(config: pytest.Config) -> list[str]:
    """Return a sentence for each guard without which checks prove nothing."""
    missing = []
    if not __debug__:
        missing.append(
            "Python runs with -O or PYTHONOPTIMIZE: assertions are not executed, and a check"
            " without them proves nothing"
        )
    if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD") or config.getoption(
        "disable_plugin_autoload", default=False
    ):
        missing.append(
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD or --disable-plugin-autoload keeps pytest from loading"
            " its plugins, so this run is not the one that is proven: remove it"
        )
    if not config.pluginmanager.hasplugin("timeout"):
        missing.append(
            "the plugin pytest-timeout is missing or switched off: a check that hangs would have"
            " no bound"
        )
    return missing


def find_abnormal_end(exit_status: int, results: ResultCollector) -> list[str]:
    """Return a sentence where pytest did not end as its checks did."""
    abnormal = []
    if exit_status not in NORMAL_EXIT_CODES:
        abnormal.append(f"the run did not come to its end (pytest's status {int(exit_status)})")
    # Such as a plugin of someone's own that fails the session.
    if exit_status == pytest.ExitCode.TESTS_FAILED and not results.has_failures:
        abnormal.append("pytest reports a failure that belongs to no check")
    return abnormal

"""Command line options and markers, and what a gate changes about pytest's own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NoReturn

import pytest

from cutover_gates.core.gates import GATES, SUITES
from cutover_gates.plugin.run import PytestRun

OPTION_HELP = {
    "t24": "24 hours before the cutover",
    "t12": "12 hours before",
    "t1": "one hour before",
    "phase1": "after the database migration",
    "phase2": "during the deployment",
    "phase3": "the validation",
    "rollback": "after a rollback",
    "post": "after the cutover",
    "nightly": "every night on staging",
    "smoke": "do the critical paths work?",
    "migrations": "is the data whole?",
    "performance": "is it fast, and does it stay up?",
    "contract": "does the API keep its promises?",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Never `--host`: locust owns it."""
    group = parser.getgroup("cutover", "go/no-go gates")
    group.addoption(
        "--target",
        metavar="NAME",
        help="the target to judge, a name from [targets] of the settings (default: embedded)",
    )
    group.addoption(
        "--release",
        metavar="VERSION",
        help="the release under judgement (default: the target's `release` in the settings)",
    )
    group.addoption(
        "--cutover-config",
        metavar="PATH",
        type=Path,
        help="the settings file (default: cutover.toml beside pyproject.toml)",
    )
    group.addoption(
        "--snapshot",
        action="store_true",
        help="only take a snapshot of the target's database, to compare with later, then stop",
    )
    group.addoption(
        "--send-test-messages",
        action="store_true",
        help="only send a test message to each channel of the target, then stop",
    )
    group.addoption(
        "--check-mapping",
        action="store_true",
        help="only walk the target's mapping once, and say where it stops",
    )
    group.addoption(
        "--sweep",
        action="store_true",
        help="only remove what killed runs left behind on the target, then stop",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """`--sweep`, `--snapshot`, `--send-test-messages` and `--check-mapping` run no session at all."""
    if config.option.sweep:
        from cutover_gates.plugin.cleanup import (
            run_sweep,  # here, because the drivers take long to load
        )

        return run_sweep(config)
    if config.option.snapshot:
        from cutover_gates.plugin.actions import record_snapshot

        return record_snapshot(config)
    if config.option.send_test_messages:
        from cutover_gates.plugin.actions import send_test_messages

        return send_test_messages(config)
    if config.option.check_mapping:
        from cutover_gates.plugin.mapping_check import run_mapping_check

        return run_mapping_check(config)
    return None


def add_markers(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "plan(*ids): the items of plan.toml that this check proves")
    for name in GATES + SUITES:
        config.addinivalue_line(
            "markers",
            f"{name}: gate: {OPTION_HELP[name]} (follows from the plan; never written by hand)",
        )


def apply_gate_options(config: pytest.Config, run: PytestRun) -> None:
    """In every process of a gate: collect all suites, from whatever directory pytest was called,
    bound each check, and keep Allure's results.
    """
    given = config.args_source is pytest.Config.ArgsSource.ARGS
    if not given or [Path(config.invocation_params.dir, arg).resolve() for arg in config.args] == [
        run.root
    ]:
        config.args = [str(path) for path in run.suite_folders.suite_paths()]
    if config.option.tbstyle == "auto":
        # made in no time: for its own styles pytest reads the sources again, for every line
        config.option.tbstyle = "native"
    if config.pluginmanager.hasplugin("timeout") and config.option.timeout is None:
        config.option.timeout = run.settings.chosen_target.limits.check_seconds
    if config.pluginmanager.hasplugin("allure_pytest") and not config.option.collectonly:
        config.option.allure_report_dir = config.option.allure_report_dir or str(
            run.first_folder / "allure-results"
        )


def suite_time_budgets(run: PytestRun) -> dict[str, float]:
    """The suites whose checks bound themselves by a budget: they are stopped only well after it, so
    that they can say what did not fit.
    """
    chosen = run.settings.chosen_target
    load = chosen.performance.ramp_seconds + chosen.performance.max_seconds
    tried = (
        max(chosen.contract.seconds, chosen.contract.deep_seconds) + 30
    )  # with coming up and going
    budgets = {
        "migrations": chosen.migrations.budget_seconds,
        "performance": load,
        "contract": tried,
    }
    return {suite: seconds + chosen.limits.check_seconds for suite, seconds in budgets.items()}


def fail_on_os_exit() -> None:
    """A check that calls `os._exit(0)` would end pytest itself, without a verdict and with success:
    from now on that is a failure.
    """
    leave = os._exit

    def leave_badly(status: int) -> NoReturn:
        leave(status or 1)

    os._exit = leave_badly

"""The pytest plugin itself: what it registers, and the order of a run.

`entry_point` or the root `conftest.py` registers this module. Only this package imports pytest.

Order of a run: `options` are read, `run` is made, `collection` ties the checks to items of the
plan, `check_inventory` knows what there is to prove, `outcome_capture` watches each check,
`results` turns what happened into outcomes, and `session` judges.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest
import pytest_timeout  # type: ignore[import-untyped]  # it ships no types

from cutover_gates.core.plan import split_gates
from cutover_gates.plugin import options, run
from cutover_gates.plugin.collection import CollectionRecorder, ItemBinder
from cutover_gates.plugin.options import (
    add_markers,
    apply_gate_options,
    fail_on_os_exit,
    suite_time_budgets,
)
from cutover_gates.plugin.outcome_capture import OutcomeCapture
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.run import GATE_SESSION_KEY, RUN_KEY, USER_ERRORS, make_run
from cutover_gates.plugin.shipped_collection import ShippedCollector

pytest_plugins = ["cutover_gates.plugin.api_run", "cutover_gates.plugin.fixtures.hospital"]


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the modules that this one imports itself, and the plugin for time-outs.

    In `pytest_plugins` they would cause a warning: pytest cannot rewrite the assertions of what is
    imported already.
    """
    for module in (options, run):
        pluginmanager.register(module, module.__name__)
    # PYTEST_DISABLE_PLUGIN_AUTOLOAD leaves it out, and without it a check that hangs has no bound.
    if not pluginmanager.hasplugin("timeout") and not pluginmanager.is_blocked("timeout"):
        pluginmanager.register(pytest_timeout, "timeout")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before JUnit, Allure and time-outs read their options."""
    add_markers(config)
    this = config.stash[RUN_KEY] = make_run(config)
    tally = ResultCollector()
    config.pluginmanager.register(
        ItemBinder(this.plan, this.suite_folders, suite_time_budgets(this)), "cutover-ties"
    )
    if this.suite_folders.shipped:
        # Other modes import by the file's name alone, and a shipped file and an own one may share it.
        config.option.importmode = "importlib"
        collector = ShippedCollector(this.suite_folders)
        config.pluginmanager.register(collector, "cutover-shipped")
    config.pluginmanager.register(OutcomeCapture(this.recorder, this.redactor), "cutover-witness")
    config.pluginmanager.register(
        CollectionRecorder(tally, this.first_folder if this.folders else None, this.worker),
        "cutover-roll",
    )
    if this.gates and not this.worker:
        _start_gate_session(config, tally)
    if this.gates:
        apply_gate_options(config, this)


def _start_gate_session(config: pytest.Config, tally: ResultCollector) -> None:
    from cutover_gates.plugin.progress import ProgressReporter, shorten_pytest_output
    from cutover_gates.plugin.session import GateSession

    try:
        keeper = config.stash[GATE_SESSION_KEY] = GateSession(config.stash[RUN_KEY], config, tally)
        keeper.prepare()
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    shorten_pytest_output(config)
    fail_on_os_exit()
    config.pluginmanager.register(keeper, "cutover-gate")
    config.pluginmanager.register(ProgressReporter(tally), "cutover-progress")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """Outermost of all: whatever pytest was made to do, a gate's status is its verdict's."""
    status = yield
    gates = split_gates(config.option.markexpr or "")
    if not gates or hasattr(config, "workerinput"):
        return status
    keeper = config.stash.get(GATE_SESSION_KEY, None)
    if keeper is None or not keeper.verdicts:
        print(f"NO-GO: {' and '.join(gates)} was asked for, and nothing was run", flush=True)
    return (
        keeper.exit_status(status or 0) if keeper else status or int(pytest.ExitCode.TESTS_FAILED)
    )

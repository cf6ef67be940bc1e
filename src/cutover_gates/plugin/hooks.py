"""The pytest plugin itself: what it registers, and the order of a run.

`entry_point` or the root `conftest.py` registers this module. Only this package imports pytest.

Order of a run: `options` are read, `run` is made, `collection` binds the checks to items of the
plan, `outcome_capture` watches each check, `report_collector` takes its reports, `results` turns
them into check results, `expected_checks` knows what there is to prove, and `session` judges.
"""

from __future__ import annotations

import gc
from collections.abc import Generator
from functools import partial

import pytest
import pytest_timeout  # type: ignore[import-untyped]  # it ships no types

from cutover_gates.plugin import options, unjudged_calls
from cutover_gates.plugin.allure_checks import register_allure
from cutover_gates.plugin.call_guard import CallGuard
from cutover_gates.plugin.check_inventory import CheckInventory, build_inventory
from cutover_gates.plugin.check_order import CheckOrder
from cutover_gates.plugin.collection import ItemBinder
from cutover_gates.plugin.collection_record import CollectionRecorder
from cutover_gates.plugin.expected_checks import bind_to_plan
from cutover_gates.plugin.file_selection import FileSelector, find_unrequested_files
from cutover_gates.plugin.misspelt_gates import refuse_misspelt_gates
from cutover_gates.plugin.options import add_markers, apply_gate_options
from cutover_gates.plugin.outcome_capture import OutcomeCapture
from cutover_gates.plugin.output_paths import refuse_outputs_over_inputs
from cutover_gates.plugin.parts import PARTS_KEY, Parts, describe_missing_parts, find_missing_guards
from cutover_gates.plugin.plugin_inventory import PluginRecorder
from cutover_gates.plugin.process_end import guard_process_end
from cutover_gates.plugin.results import ResultCollector
from cutover_gates.plugin.run import RUN_KEY, USER_ERRORS, PytestRun, make_run
from cutover_gates.plugin.shipped_collection import ShippedCollector, resolve_arguments
from cutover_gates.plugin.step_answers import StepAnswers
from cutover_gates.plugin.step_dwell import StepDwell
from cutover_gates.plugin.step_selection import find_step, is_whole_rollout
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.plugin.time_bounds import (
    BoundGuard,
    TimeBounds,
    find_time_bounds,
    find_unbounded_option,
)
from cutover_gates.plugin.withheld_texts import withhold_texts
from cutover_gates.plugin.worker_reports import ProcessReporter
from cutover_gates.util.guarded_stream import guard_terminal

pytest_plugins = [
    "cutover_gates.plugin.fixtures.current_run",
    "cutover_gates.plugin.fixtures.hospital",
]
SESSION_PLUGIN = "cutover-gate-session"
MODULES = (__name__, options.__name__, *pytest_plugins)
"""The parts that are registered before a run is made."""


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the module that this one imports itself, and the plugin for time-outs.

    In `pytest_plugins` it would cause a warning: pytest cannot rewrite the assertions of what is
    imported already.
    """
    pluginmanager.register(options, options.__name__)
    config = pluginmanager.get_plugin("pytestconfig")
    assert config is not None, "pytest registers its configuration before it asks for options"
    config.add_cleanup(partial(unjudged_calls.record_unread_call, config))
    # Before any conftest.py of a suite is read: it may end the process, too.
    guard_process_end(partial(unjudged_calls.asks_for_judgement, config))
    # PYTEST_DISABLE_PLUGIN_AUTOLOAD leaves it out, and without it a check that hangs has no bound.
    if not pluginmanager.hasplugin("timeout") and not pluginmanager.is_blocked("timeout"):
        pluginmanager.register(pytest_timeout, "timeout")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the run and register its hooks before other plugins read their options."""
    add_markers(config)
    parts = config.stash[PARTS_KEY] = Parts(config.pluginmanager)
    parts.expect(MODULES)
    if missing := describe_missing_parts(parts.find_missing()):
        # Nothing can be judged without them, also no NO-GO written: their options are unknown.
        raise pytest.UsageError("NO-GO: " + "\n".join(missing))
    if config.pluginmanager.hasplugin("timeout"):
        parts.expect(["timeout"])
    refuse_misspelt_gates(config)
    run = config.stash[RUN_KEY] = make_run(config)
    refuse_outputs_over_inputs(config, run)
    withhold_texts(run)
    results = ResultCollector()
    holds: list[str] = []
    bounds = find_time_bounds(run)
    _register_check_hooks(config, run, results, bounds)
    if not run.gates:
        unjudged_calls.warn_without_gate(config)
        return
    parts.register(ProcessReporter(parts, holds), "cutover-process-reporter")
    parts.register(CheckOrder(run.notes), "cutover-check-order")
    if (percent := find_step(run.plan, run.gates)) is not None:
        parts.register(StepDwell(run, percent), "cutover-step-dwell")
        if header := run.settings.chosen_target.limits.release_header:
            parts.register(StepAnswers(run, header), "cutover-step-answers")
    inventory = build_inventory(run.suite_folders)
    _leave_files_out(config, run, inventory)
    parts.register(CallGuard(run.recorder, inventory.slips, holds), "cutover-call-guard")
    parts.register(BoundGuard(bounds, holds), "cutover-bound-guard")
    if run.worker:
        holds += find_missing_guards(config, run.worker)
        parts.register(PluginRecorder(), "cutover-plugin-recorder")
    else:
        holds += find_unbounded_option(config, bounds)
        _start_gate_session(config, run, results, holds)
    apply_gate_options(config, run)
    register_allure(config, holds)


def _register_check_hooks(
    config: pytest.Config, run: PytestRun, results: ResultCollector, bounds: TimeBounds
) -> None:
    register, judging = config.stash[PARTS_KEY].register, bool(run.gates)
    binder = ItemBinder(run.plan, run.suite_folders, bounds.of_check, judging=judging)
    register(binder, "cutover-item-binder")
    if run.suite_folders.shipped:
        _collect_shipped(config, run.suite_folders)
    register(OutcomeCapture(run.recorder, run.redactor, judging=judging), "cutover-outcome-capture")
    folder = run.first_folder if run.folders else None
    register(CollectionRecorder(results, folder, run.worker), "cutover-collection-recorder")


def _collect_shipped(config: pytest.Config, folders: SuiteFolders) -> None:
    """Prepare pytest for suites that stand outside of the project."""
    # Other modes import by the file's name alone, and a shipped file and an own one may share it.
    config.option.importmode = "importlib"
    config.stash[PARTS_KEY].register(ShippedCollector(folders), "cutover-shipped-collector")
    config.args = resolve_arguments(config.args, config.invocation_params.dir, folders)


def _leave_files_out(config: pytest.Config, run: PytestRun, inventory: CheckInventory) -> None:
    expected = bind_to_plan(inventory, run.plan)
    unrequested = find_unrequested_files(expected, run.plan, run.suite_folders, run.requested_items)
    config.stash[PARTS_KEY].register(FileSelector(unrequested), "cutover-file-selector")


def _start_gate_session(
    config: pytest.Config, run: PytestRun, results: ResultCollector, holds: list[str]
) -> None:
    # here, because a run without a gate, or a worker, needs neither drivers nor reports (0.2 s)
    from cutover_gates.plugin.progress import ProgressReporter, shorten_pytest_output
    from cutover_gates.plugin.session import GateSession

    kind = GateSession
    if is_whole_rollout(run.plan, run.gates):
        # here, because it loads the triggers, which other gates need for their own checks only
        from cutover_gates.plugin.rollout_run import RolloutSession

        kind = RolloutSession
    try:
        session = kind(run, config, results, holds)
        session.prepare()
    except USER_ERRORS as mistake:
        raise pytest.UsageError(str(mistake)) from None
    guard_terminal()
    shorten_pytest_output(config)
    config.stash[PARTS_KEY].register(session, SESSION_PLUGIN)
    config.stash[PARTS_KEY].register(ProgressReporter(results), "cutover-progress")


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    """Take what a gate has loaded by now out of the garbage collector's work.

    Modules, settings and checks live as long as the process. pytest collects garbage at its end,
    twice: 0.13 s with them, 0.01 s without.
    """
    if session.config.stash[RUN_KEY].gates:
        gc.freeze()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """Return the status of a gate's verdict, whatever pytest was made to do: outermost of all."""
    config.stash[unjudged_calls.CALLED_KEY] = True
    try:
        status = yield
    except pytest.UsageError as mistake:
        unjudged_calls.record(config, str(mistake))
        raise
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        if hasattr(config, "workerinput") or not unjudged_calls.asks_for_judgement(config):
            raise
        status = unjudged_calls.tell_broken_end(error)
    if hasattr(config, "workerinput"):
        return status
    session = config.pluginmanager.get_plugin(SESSION_PLUGIN)
    return unjudged_calls.conclude_call(config, session, status)

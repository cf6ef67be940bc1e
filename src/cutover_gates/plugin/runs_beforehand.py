"""The runs that a gate makes before its first check: outage, load, and fuzzing of the API.

Nothing else is asked of the target meanwhile, and each operation that was fuzzed has its own check.
What they prove is for the checks to say.
"""

from __future__ import annotations

from cutover_gates.core.check_groups import step_groups
from cutover_gates.core.findings import NotProven
from cutover_gates.hospital import MappingError, Unsupported
from cutover_gates.plugin.api_run import fuzz_once, fuzzing_plan, load_acceptances, shared_folder
from cutover_gates.plugin.fixtures.load import load_folder, run_load_once
from cutover_gates.plugin.mapping_check_state import untested_mapping_warning
from cutover_gates.plugin.outage_run import is_outage_requested, run_outage_once
from cutover_gates.plugin.progress import ProgressPrinter, print_line
from cutover_gates.plugin.run import PytestRun
from cutover_gates.targets.running_target import RunningTarget


def make_runs_beforehand(run: PytestRun, target: RunningTarget) -> None:
    """Make the runs that the checks of this gate need. Raises the user's errors."""
    requested = (
        # First: what the outage leaves behind, in logs and metrics, is then the oldest.
        (is_outage_requested(run), _try_outage),
        (_asks_for_load(run), _run_load),
        ("contract" in run.suites, _fuzz_api),
    )
    for make_run in (make_run for is_requested, make_run in requested if is_requested):
        try:
            make_run(run, target)
        except (NotProven, Unsupported):
            # The checks ask for the same run again, and get the same answer.
            continue
        except MappingError:
            # A mapping that was proven on this target is right: the release is another one now,
            # and the checks say what it lost. Else its author must look first.
            if untested_mapping_warning(run):
                raise


def _asks_for_load(run: PytestRun) -> bool:
    """Return whether an item of the suite `performance` rests on more than a watcher's record.

    A step of a rollout is judged by the traffic that it has, and no load is put beside it.
    """
    items = [run.plan.item(item_id) for item_id in run.requested_items]
    return any(item.suite == "performance" and set(item.groups) - step_groups() for item in items)


def _try_outage(run: PytestRun, target: RunningTarget) -> None:
    run_outage_once(run, target)


def _run_load(run: PytestRun, target: RunningTarget) -> None:
    folder = load_folder(run)
    assert folder is not None
    run_load_once(run, target, folder, ProgressPrinter(None))


def _fuzz_api(run: PytestRun, target: RunningTarget) -> None:
    load_acceptances(run)
    print_line(fuzzing_plan(run, target).description)
    fuzz_once(run, target, shared_folder(run), ProgressPrinter(None))

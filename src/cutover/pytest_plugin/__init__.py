"""The pytest plugin: options, markers, fixtures, gates.

Registered by the root `conftest.py`; the only importer of pytest.

The way of a run: `options` are read, `run` is made, `ties` bind checks to items while they are
collected, `roll` and `census` know what there is to prove, `reports` watch each check, `tally`
turns what happened into outcomes, and `gate` judges.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from cutover.plan import judged_gates
from cutover.pytest_plugin.options import add_markers, bounds, never_end_well, widen
from cutover.pytest_plugin.reports import Witness
from cutover.pytest_plugin.roll import Roll
from cutover.pytest_plugin.run import KEEPER, MISTAKES, RUN, make_run
from cutover.pytest_plugin.tally import Tally
from cutover.pytest_plugin.ties import Ties

pytest_plugins = [
    "cutover.pytest_plugin.options",
    "cutover.pytest_plugin.run",
    "cutover.pytest_plugin.fixtures",
]


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Before JUnit, Allure and time-outs read their options."""
    add_markers(config)
    this = config.stash[RUN] = make_run(config)
    tally = Tally()
    config.pluginmanager.register(Ties(this.plan, this.root, bounds(this)), "cutover-ties")
    config.pluginmanager.register(Witness(this.recorder, this.redactor), "cutover-witness")
    config.pluginmanager.register(
        Roll(tally, this.first_folder if this.folders else None, this.worker), "cutover-roll"
    )
    if this.gates and not this.worker:
        _keep_the_gate(config, tally)
    if this.gates:
        widen(config, this)


def _keep_the_gate(config: pytest.Config, tally: Tally) -> None:
    from cutover.pytest_plugin.gate import GateKeeper
    from cutover.pytest_plugin.progress import Progress, quiet

    try:
        keeper = config.stash[KEEPER] = GateKeeper(config.stash[RUN], config, tally)
        keeper.prepare()
    except MISTAKES as mistake:
        raise pytest.UsageError(str(mistake)) from None
    quiet(config)
    never_end_well()
    config.pluginmanager.register(keeper, "cutover-gate")
    config.pluginmanager.register(Progress(tally), "cutover-progress")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> Generator[None, int | None, int | None]:
    """Outermost of all: whatever pytest was made to do, a gate's status is its verdict's."""
    status = yield
    gates = judged_gates(config.option.markexpr or "")
    if not gates or hasattr(config, "workerinput"):
        return status
    keeper = config.stash.get(KEEPER, None)
    if keeper is None or not keeper.verdicts:
        print(f"NO-GO: {' and '.join(gates)} was asked for, and nothing was run", flush=True)
    return keeper.status(status or 0) if keeper else status or int(pytest.ExitCode.TESTS_FAILED)

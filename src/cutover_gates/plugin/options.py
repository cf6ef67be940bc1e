"""Command line options and markers, and what a gate changes about pytest's own options."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.gates import GATES, SUITES
from cutover_gates.plugin.check_order import COSTS, take_from_one_queue
from cutover_gates.plugin.run import PytestRun

ACTION_HELP = {
    "--snapshot": "only take a snapshot of the target's database, to compare with later, then stop",
    "--send-test-messages": "only send a test message to each channel of the target, then stop",
    "--check-mapping": "only try each operation of the target's mapping once, and say which fails",
    "--sweep": "only remove what killed runs left behind on the target, then stop",
}
ROLLOUT_HELP = {
    "--advance": "begin each step of the rollout by the target's `rollout.advance`",
    "--abort-on-trigger": "run the target's `rollout.abort` where a rollback trigger fired",
}
MARKER_HELP = {
    "t24": "24 hours before the cutover",
    "t12": "12 hours before",
    "t1": "one hour before",
    "phase1": "after the database migration",
    "phase2-10": "the new release serves 10 % of the traffic",
    "phase2-50": "the new release serves 50 % of the traffic",
    "phase2-100": "the new release serves all of the traffic",
    "phase2": "the deployment: phase2-10, phase2-50 and phase2-100, one after the other",
    "phase3": "the validation",
    "rollback": "after a rollback",
    "post-hour": "after the first hour",
    "post-day": "after the first day",
    "post-week": "after the first week",
    "post": "after the cutover: post-hour, post-day and post-week together",
    "nightly": "every night on staging",
    "smoke": "do the critical paths work?",
    "migrations": "is the data whole?",
    "performance": "is it fast, and does it stay up?",
    "contract": "does the API keep its promises?",
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the plugin. Never `--host`: locust owns it."""
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
        "--production",
        action="store_true",
        help="treat the target as production (real patients), whatever the settings say",
    )
    group.addoption(
        "--previous-release",
        metavar="VERSION",
        help="the release before the cutover (default: the target's `previous_release`)",
    )
    group.addoption(
        "--cutover-config",
        metavar="PATH",
        type=Path,
        help="the settings file (default: cutover.toml beside pyproject.toml)",
    )
    for option, text in ROLLOUT_HELP.items():
        group.addoption(option, action="store_true", help=text)
    for option, text in ACTION_HELP.items():
        group.addoption(option, action="store_true", help=text)
    group.addoption(
        "--sketch-mapping",
        nargs="?",
        const=".",
        metavar="FILE",
        help="only write a first mapping, from the OpenAPI document that the target serves or from"
        " FILE (.json, .yaml); FILE.toml is where it is written (default: NAME.mapping.toml)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """Run an action instead of a session, where an option asks for one."""
    option = config.option
    if option.check_mapping:
        # here, because it loads the drivers and the mapping language (0.3 s), and gates need
        # neither now
        from cutover_gates.plugin.mapping_check import run_mapping_check

        return run_mapping_check(config)
    if option.sketch_mapping:
        # here, for the same reason
        from cutover_gates.plugin.mapping_sketch import sketch_mapping

        return sketch_mapping(config)
    if not (option.sweep or option.snapshot or option.send_test_messages):
        return None
    # here, because the actions load psycopg and the probes (0.3 s), and checks only what they need
    from cutover_gates.plugin import actions

    if option.sweep:
        return actions.run_sweep(config)
    if option.snapshot:
        return actions.record_snapshot(config)
    return actions.send_test_messages(config)


def add_markers(config: pytest.Config) -> None:
    """Declare the markers of the plan: gates, suites and `plan` itself."""
    config.addinivalue_line("markers", "plan(*groups): the groups of checks that this check is of")
    config.addinivalue_line(
        "markers",
        f"cost(level): what this check reads, which decides its place: {', '.join(COSTS)}",
    )
    for name in GATES + SUITES:
        config.addinivalue_line(
            "markers",
            f"{name}: gate: {MARKER_HELP[name]} (follows from the plan; never written by hand)",
        )


def apply_gate_options(config: pytest.Config, run: PytestRun) -> None:
    """Change pytest's options in every process of a gate.

    All suites are collected, from whatever directory pytest was called. Each check has a bound, and
    Allure's results are kept.
    """
    option, plugins = config.option, config.pluginmanager
    if _asks_for_everything(config, run):
        config.args = [str(path) for path in run.suite_folders.suite_paths()]
    run.notes += take_from_one_queue(config)
    if option.tbstyle == "auto":
        # For its own styles pytest reads the sources again, for every line; this one takes no time.
        option.tbstyle = "native"
    if plugins.hasplugin("timeout") and option.timeout is None:
        option.timeout = run.settings.chosen_target.limits.check_seconds
    if plugins.hasplugin("allure_pytest") and not option.collectonly:
        folder = str(run.first_folder / "allure-results")
        option.allure_report_dir = option.allure_report_dir or folder
        _make_allure_folder(Path(option.allure_report_dir))


def _make_allure_folder(folder: Path) -> None:
    """Make the folder before Allure does, which would end in a traceback where it cannot."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise pytest.UsageError(
            f"--alluredir: the folder {folder} cannot be made ({error.strerror}): name another one,"
            " or free space"
        ) from None


def _asks_for_everything(config: pytest.Config, run: PytestRun) -> bool:
    """Return True where no path was given, or only that of the project."""
    if config.args_source is not pytest.Config.ArgsSource.ARGS:
        return True
    paths = [Path(config.invocation_params.dir, arg).resolve() for arg in config.args]
    return paths == [run.root]

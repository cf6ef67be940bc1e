"""Calls that asked for a judgement and got none: each leaves a record that says NOT JUDGED.

Without it, `reports/runs/latest` would still name the verdict of an earlier run.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from cutover_gates.config.loader import find_reports_folder
from cutover_gates.core.gates import GATES, MARKER_WORD, SUITES, split_gates
from cutover_gates.core.value_text import text_of
from cutover_gates.plugin.exit_status import ExitStatus
from cutover_gates.plugin.misspelt_gates import find_unknown_markers
from cutover_gates.plugin.run import RUN_KEY, new_tag
from cutover_gates.util.guarded_stream import guard_terminal, print_on_stderr

if TYPE_CHECKING:
    # A run without a gate needs neither drivers nor reports (0.2 s).
    from cutover_gates.plugin.session import GateSession

ACTIONS = ("check_mapping", "sketch_mapping", "sweep", "snapshot", "send_test_messages")
EMPTY_OPTION = re.compile(r"-[a-zA-Z]*m=?")
RECORDED_KEY = pytest.StashKey[bool]()
CALLED_KEY = pytest.StashKey[bool]()
"""Set when the call was read without a mistake, so that pytest began its work."""


def record_unread_call(config: pytest.Config) -> None:
    """Record a call that pytest could not read, such as one with a misspelt option.

    `pytest_addoption` registers it as the last thing that pytest does with a configuration. No hook
    is called for such a mistake.
    """
    if config.stash.get(CALLED_KEY, False):
        return
    mistake = sys.exception()
    if isinstance(mistake, SystemExit) and not mistake.code and not _asks_for_help(config):
        # Such as `sys.exit()` in a conftest.py: pytest would leave with success.
        record(config, "a conftest.py or a plugin left pytest with success before it began")
        if config.stash.get(RECORDED_KEY, False):
            raise SystemExit(int(ExitStatus.NOT_JUDGED))
    record(config, str(mistake) if mistake else "pytest could not read the call")


def _asks_for_help(config: pytest.Config) -> bool:
    return any(getattr(_options(config), name, False) for name in ("help", "version"))


def record(config: pytest.Config, why: str) -> None:
    """Record that nothing was judged, where this call asked for it; print where it stands.

    Only the first reason of a call is recorded.
    """
    if not asks_for_judgement(config) or config.stash.get(RECORDED_KEY, False):
        return
    config.stash[RECORDED_KEY] = True
    # here, because a run without a gate, or a worker, needs no reports (0.2 s)
    from cutover_gates.reporting.not_judged import UnjudgedCall, record_unjudged_call

    option, run = _options(config), config.stash.get(RUN_KEY, None)
    call = UnjudgedCall(
        run.redactor.redact_text(why) if run else why,
        run.tag if run else new_tag(),
        gate=str(getattr(option, "markexpr", "") or ""),
        target=str(getattr(option, "target", "") or ""),
        release=str(getattr(option, "release", "") or ""),
        junit=str(getattr(option, "xmlpath", "") or ""),
    )
    folders = list(run.folders.values()) if run else []
    try:
        where = f"The record is {record_unjudged_call(call, _find_reports(config), folders)}."
    except OSError as error:
        where = f"No record could be written ({error.strerror}): the newest one is of another call."
    print_on_stderr(f"NOT JUDGED: nothing was judged, so this is no GO. {where}")


def tell_broken_end(error: BaseException) -> ExitStatus:
    """Say what broke outside of the session, and return the status that is no success.

    Such as a `pytest_unconfigure` of someone's own that raises, or leaves with success.
    """
    print_on_stderr(
        f"something beside the checks broke ({type(error).__name__}: {text_of(error)}): see which"
        " conftest.py or plugin raises it. A verdict that is written stands"
    )
    return ExitStatus.INTERNAL_ERROR


def conclude_call(config: pytest.Config, session: GateSession | None, status: int | None) -> int:
    """Return the exit status of the call: that of its verdict, else pytest's own.

    A call that asked for a judgement and got none says so, and is never a success.
    """
    # pytest's capture has put back what it found, and fails where that was a closed stream.
    guard_terminal()
    if session is not None:
        session.conclude_late(status or 0)
        if session.verdicts or session.is_broken:
            return session.exit_status(status or 0)
    if why := _why_unjudged(config, status or 0):
        record(config, why)
        return ExitStatus.NOT_JUDGED
    warn_without_gate(config)
    return status or 0


def warn_without_gate(config: pytest.Config) -> None:
    """Say that checks of a target run, or ran, and that no verdict is made of them."""
    if _names_system(config) and not hasattr(config, "workerinput"):
        print_on_stderr(
            "NOT JUDGED: no gate is asked for, so no verdict is made, whatever the checks find. To"
            " judge the target, name a gate: -m phase3"
        )


def _why_unjudged(config: pytest.Config, status: int) -> str:
    """Return why this call, that ran without a verdict, is no success; empty where it is one."""
    option = config.option
    expression = option.markexpr or ""
    if gates := split_gates(expression):
        return f"{' and '.join(gates)} was asked for, and nothing was run"
    if _names_system(config) and config.args_source is not pytest.Config.ArgsSource.ARGS:
        # Single checks are named by their paths: to repeat one, no verdict is needed.
        return "a target was named and no gate: add -m with a gate, such as -m phase3"
    if names_empty_expression(config):
        return "-m names nothing, such as a variable that is empty: add a gate, such as -m phase3"
    is_empty = status == pytest.ExitCode.NO_TESTS_COLLECTED
    if is_empty and (unknown := find_unknown_markers(config, expression)):
        return f"-m {expression!r} selects nothing: {', '.join(unknown)} is no gate and no marker"
    return ""


def asks_for_judgement(config: pytest.Config) -> bool:
    """Return True where the call names a gate, an unknown marker, or a system to judge."""
    option = _options(config)
    if hasattr(config, "workerinput"):
        return False
    expression = getattr(option, "markexpr", "") or ""
    words = MARKER_WORD.findall(expression)
    if {*words} & {*GATES, *SUITES} or find_unknown_markers(config, expression):
        return True
    return _names_system(config) or names_empty_expression(config)


def names_empty_expression(config: pytest.Config) -> bool:
    """Return True where the call has a -m of nothing: `pytest -m "$GATE"`, and no such variable.

    pytest would run everything, without a verdict. With paths it is how a developer takes an `-m`
    of pytest's settings back.
    """
    if (getattr(_options(config), "markexpr", "") or "").strip():
        return False
    if getattr(config, "args_source", None) is pytest.Config.ArgsSource.ARGS:
        return False
    return any(EMPTY_OPTION.fullmatch(str(each)) for each in config.invocation_params.args)


def _names_system(config: pytest.Config) -> bool:
    """Return True where the call names a target or a release, and no action is asked for."""
    option = _options(config)
    if any(getattr(option, name, False) for name in ACTIONS):
        return False
    return bool(getattr(option, "target", None) or getattr(option, "release", None))


def _options(config: pytest.Config) -> object:
    # Before the options are read as a whole, pytest has those that it knew so far.
    read = config.stash.get(CALLED_KEY, False)
    return config.option if read else getattr(config, "known_args_namespace", config.option)


def _find_reports(config: pytest.Config) -> Path:
    run = config.stash.get(RUN_KEY, None)
    if run:
        return run.settings.resolve_path(run.settings.reports)
    path = getattr(_options(config), "cutover_config", None)
    root, called_in = config.rootpath, config.invocation_params.dir
    return find_reports_folder(path, (root, called_in))

"""The gate of each step as a process of its own: its hospital, and the verdict that it leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.core.rollout.rollout_step import STEP_GATES
from cutover_gates.plugin.exit_status import ExitStatus
from cutover_gates.plugin.joined_steps import StepVerdict
from cutover_gates.plugin.run import PytestRun
from cutover_gates.plugin.step_selection import find_step
from cutover_gates.plugin.verdict_subject import build_subject
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.subprocesses import bind_to_parent, kill_child, start_child

WHOLE_PERCENT = 100
VARIABLE = "ROLLOUT_HOSPITAL"
"""Names the file for a child; not CUTOVER_…, which are settings."""
SLACK_SECONDS = 1800.0
"""Seconds that a gate may take beside the time of its step: to start, to check, to write."""
INTERRUPT_SECONDS = 60.0
GO_WORDS = ("GO", "GO WITH WAIVERS")
SAME_PARTS = ("settings", "suite", "own files", "files", "libraries")
"""What the questions of a step and of the whole must have in common, of `digest_parts`."""


@dataclass
class StepChildren:
    """The gates of the steps. `arguments` are pytest's own of this call, `folder` its directory.

    `variables` tell a child where a hospital is that this process has started.
    """

    run: PytestRun
    arguments: Sequence[str]
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def judge(self, percent: int) -> StepVerdict:
        """Run the gate of one step to its end, and return its verdict."""
        reports = self.run.settings.resolve_path(self.run.settings.reports)
        before = set(_list_folders(reports))
        status = self._run(STEP_GATES[percent])
        new = [path for path in _list_folders(reports) if path not in before]
        mine = [path for path in new if f"-{STEP_GATES[percent]}-" in path.name]
        return self._read(percent, status, mine)

    def _run(self, gate: str) -> int:
        # The last -m counts, so that every other option of the call stays.
        command = [sys.executable, "-m", "pytest", *self.arguments, "-m", gate]
        process = start_child(
            bind_to_parent(command),
            cwd=self.folder,
            env={**os.environ, **self.variables},
            stdout=sys.__stdout__.fileno() if sys.__stdout__ else subprocess.DEVNULL,
            stderr=sys.__stderr__.fileno() if sys.__stderr__ else subprocess.DEVNULL,
        )
        try:
            longest = self.run.settings.chosen_target.rollout.longest_seconds + SLACK_SECONDS
            return process.wait(longest)
        except subprocess.TimeoutExpired:
            return -int(signal.SIGKILL)
        except KeyboardInterrupt:
            _interrupt(process)
            raise
        finally:
            kill_child(process)

    def _read(self, percent: int, status: int, folders: Sequence[Path]) -> StepVerdict:
        if len(folders) != 1:
            what = f"{len(folders)} verdicts" if folders else "no verdict"
            problem = f"its gate left {what} (exit status {status}), and one is expected"
            return StepVerdict(percent, status, problems=(problem,))
        try:
            plain = json.loads((folders[0] / "verdict.json").read_text(encoding="utf-8"))
            problems = tuple(self._find_problems(percent, status, plain))
        except (OSError, ValueError, KeyError, TypeError) as error:
            problem = f"its verdict cannot be read ({error!r}), exit status {status}"
            return StepVerdict(percent, status, folders[0], problems=(problem,))
        return StepVerdict(percent, status, folders[0], plain, problems)

    def _find_problems(self, percent: int, status: int, plain: Mapping[str, Any]) -> Iterator[str]:
        """Yield why this is no verdict of this step, by this suite, with these settings."""
        subject = build_subject(self.run)
        expected = {
            "gate": STEP_GATES[percent],
            "target": subject.target,
            "release": subject.release,
        }
        for key, value in expected.items():
            if plain[key] != value:
                yield f"its verdict is of the {key} {plain[key]!r}, and {value!r} is expected"
        if (plain["verdict"] in GO_WORDS) != (status == ExitStatus.GO):
            yield f"its verdict says {plain['verdict']}, and its exit status is {status}"
        if self.run.judged_by is not None:
            own, judged_by = self.run.judged_by, plain["judged_by"] or {}
            if judged_by.get("suite", {}).get("digest") != own.suite.digest:
                yield "its verdict is of another suite than the one that joins the steps"
            parts = judged_by.get("digest_parts", {})
            differs = [name for name in own.digest if _is_other(name, own.digest, parts)]
            if differs:
                yield f"its verdict was asked with other {', '.join(differs)} than the whole"


def _is_other(name: str, own: Mapping[str, str], other: Mapping[str, str]) -> bool:
    return name in SAME_PARTS and own[name] != other.get(name)


def _list_folders(reports: Path) -> list[Path]:
    return sorted(path for path in reports.glob("2*") if path.is_dir() and not path.is_symlink())


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Hand Ctrl-C on to the gate of the step: it judges what it has."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(INTERRUPT_SECONDS)


@contextmanager
def hand_over(target: RunningTarget) -> Iterator[dict[str, str]]:
    """Yield the variable by which a child finds the target; the file is private and removed.

    It holds the passwords of a hospital that ends with this process.
    """
    with TemporaryDirectory(prefix="rollout-") as folder:
        path = Path(folder) / "hospital.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(target.as_plain()), encoding="utf-8")
        yield {VARIABLE: str(path)}


def read_handed_target(run: PytestRun) -> RunningTarget | None:
    """Return the hospital that was handed to this gate of a step; None where none was.

    Raises `SettingsError` where it cannot be read.
    """
    path = os.environ.get(VARIABLE)
    if path is None or find_step(run.plan, run.gates) is None:
        return None
    try:
        return RunningTarget.from_plain(json.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"the variable {VARIABLE} names no running hospital ({error}): `pytest -m phase2` sets"
            " it for its own steps only. Unset it"
        ) from None


def show_step(run: PytestRun, target: RunningTarget) -> RunningTarget:
    """Return the embedded hospital as the step of this run has it.

    At 100 % its release before is kept for the way back, and is no backend of the service any more.
    """
    if find_step(run.plan, run.gates) != WHOLE_PERCENT:
        return target
    around = target.environment.get("infrastructure", {})
    balancer = around.get("balancer", {})
    # The first one is the release before (reference/environment/launcher.py).
    kept = {**balancer, "backends": list(balancer.get("backends", ()))[1:]}
    environment = {**target.environment, "infrastructure": {**around, "balancer": kept}}
    return replace(target, environment=environment)

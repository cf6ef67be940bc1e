"""What declared sources tell of a step: the weights of route and proxy, and counts.

Commands are run as lists of words, without a shell, and change nothing. What a source does not tell
is said, and not proven.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.base import SettingsError
from cutover_gates.config.deployment import ClusterSettings
from cutover_gates.config.rollout_sources import RolloutSources
from cutover_gates.core.bounded_json import parse_json
from cutover_gates.core.evidence.assessment import NotProven, NotReadable
from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.hospital import Unsupported
from cutover_gates.plugin.live_step import command_folder
from cutover_gates.plugin.run import PytestRun
from cutover_gates.probes.deployment.step_health.assessments import StepClient
from cutover_gates.probes.rollout.rollout_record import ToldWeight
from cutover_gates.probes.rollout.side_effects import CountPair, JobCount, ToldCount
from cutover_gates.targets.driver_factory import rollout_of
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.util.files import write_atomically
from cutover_gates.util.subprocesses import ChildTimeout, run_child

SHOWN_CHARACTERS = 300
MOST_DIGITS = 18
"""Digits of a count: a number that no table reaches is no count."""


class SourceSilent(Exception):
    """A declared command told nothing that can be used; the message is a clause."""


def ask_command(words: Sequence[str], seconds: float, folder: Path) -> str:
    """Return what a command prints. Raises `SourceSilent` where it fails or takes too long."""
    try:
        child = run_child(words, seconds, cwd=folder)
    except (ChildTimeout, OSError) as error:
        raise SourceSilent(str(error)) from None
    if child.status != 0:
        said = (child.complaint or child.output.strip())[-SHOWN_CHARACTERS:]
        raise SourceSilent(f"it ended with status {child.status}: {said or 'it printed nothing'}")
    return child.output.strip()


def read_told_weights(
    rollout: RolloutSources, cluster: ClusterSettings, client: StepClient, folder: Path
) -> tuple[ToldWeight, ...]:
    """Return what the declared route and the declared command tell, or why they do not.

    `folder` is where the command is run. Nothing is declared: nothing is asked.
    """
    declared, told = rollout.weights, list[ToldWeight]()
    if declared.route and not (cluster.api and cluster.namespace):
        problem = "infrastructure.cluster has no api or no namespace, so it cannot be read"
        told.append(ToldWeight(declared.route, problem=problem))
    elif declared.route:
        for one in client.read_route_weights(declared.route, declared.new_backend or ""):
            source = f"{declared.route} {one.part}".strip()
            told.append(ToldWeight(source, one.new, one.total, one.problem))
    if declared.command:
        told.append(ask_weights(declared.command, rollout.command_seconds, folder))
    return tuple(told)


def ask_weights(words: Sequence[str], seconds: float, folder: Path) -> ToldWeight:
    """Return the weights that `rollout.weights.command` prints, or why it tells none."""
    source = "rollout.weights.command"
    try:
        new, old = _parse_weights(ask_command(words, seconds, folder))
    except SourceSilent as error:
        return ToldWeight(source, problem=str(error))
    return ToldWeight(source, new, new + old)


def _parse_weights(text: str) -> tuple[float, float]:
    try:
        told: Any = parse_json(text.encode())
        new, old = (_read_weight(told[key]) for key in ("new", "old"))
    except (KeyError, TypeError, ValueError):
        shown = text[:SHOWN_CHARACTERS] or "nothing"
        raise SourceSilent(f'it printed {shown}, not such as {{"new": 10, "old": 90}}') from None
    if new + old <= 0:
        raise SourceSilent("both weights that it printed are 0")
    return new, old


def _read_weight(value: Any) -> float:
    # JSON's true is a number in Python.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("not a number")
    if not 0 <= value < math.inf:
        raise ValueError("not a weight")
    return float(value)


COUNTS_FILE = "step-counts.json"
"""The file in the run's folder with the counts at the beginning of the step."""
QueryCount = Callable[[str, Mapping[str, object] | None], int]
"""Asks a query in the target's database, with the values of its parameters.

Raises `NotReadable`, or `NotProven` and `Unsupported` where the database cannot be asked at all.
"""


@dataclass(frozen=True)
class DeclaredCounts:
    """Reads the counts that `rollout.jobs` and `rollout.constant_counts` declare.

    `folder` is where commands are run.
    """

    rollout: RolloutSources
    query: QueryCount
    folder: Path

    def read_jobs(self, step: RolloutStep) -> list[JobCount]:
        """Return what each job wrote within a step that has ended."""
        begins, ends = step.begins, step.ends or step.begins
        moments = {"begins": _make_moment(begins), "ends": _make_moment(ends)}
        return [
            JobCount(job, self._read(job.query, moments, job.fill_command(begins, ends)))
            for job in self.rollout.jobs
        ]

    def read_constant(self) -> dict[str, ToldCount]:
        """Return the counts that must not grow, as they are now, by name."""
        return {
            one.name: self._read(one.query, None, one.command)
            for one in self.rollout.constant_counts
        }

    def save_beginning(self, run_folder: Path) -> None:
        """Leave the counts at the beginning of the step in the folder of the run."""
        if self.rollout.constant_counts:
            counts = {name: asdict(count) for name, count in self.read_constant().items()}
            write_atomically(run_folder / COUNTS_FILE, json.dumps(counts))

    def pair_constant(self, run_folder: Path) -> list[CountPair]:
        """Return each count that must not grow, at the beginning of the step and now."""
        before = _read_beginning(run_folder / COUNTS_FILE)
        absent = ToldCount(None, "it was not read at the beginning of the step")
        return [
            CountPair(name, before.get(name, absent), after)
            for name, after in self.read_constant().items()
        ]

    def _read(
        self, query: str | None, values: Mapping[str, object] | None, command: Sequence[str]
    ) -> ToldCount:
        try:
            if query is not None:
                return ToldCount(self.query(query, values))
            told = ask_command(command, self.rollout.command_seconds, self.folder)
            return ToldCount(_parse_count(told))
        except (SourceSilent, NotReadable, NotProven, Unsupported, SettingsError) as error:
            return ToldCount(None, str(error))


def _parse_count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS):
        raise SourceSilent(f"it printed {text[:SHOWN_CHARACTERS] or 'nothing'}, not a whole number")
    return int(text)


def _make_moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _read_beginning(path: Path) -> dict[str, ToldCount]:
    """Return the counts of the file; none where it is not there or not whole."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return {name: ToldCount(**count) for name, count in plain.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def open_counts(run: PytestRun, target: RunningTarget) -> DeclaredCounts:
    """Return the reader of the declared counts of this target. Nothing is asked yet."""
    rollout = rollout_of(run.settings, target)

    def query(text: str, values: Mapping[str, object] | None) -> int:
        # here, because it loads psycopg (0.5 s), and most targets declare no query
        from cutover_gates.plugin.fixtures.database import open_database_context
        from cutover_gates.probes.database.gate_steps import Budget
        from cutover_gates.probes.database.stored_records import read_declared_count

        context = open_database_context(run, run.settings, target, lambda: run.first_folder)
        # A step is longer than the time that the questions to the database have: each has its own.
        budget = Budget(time.time() + rollout.command_seconds)
        return read_declared_count(replace(context, budget=budget), text, values)

    return DeclaredCounts(rollout, query, command_folder(run.settings, target))


def describe_unasked(rollout: RolloutSources, percent: int) -> list[str]:
    """Return what no source tells of a rollout, as sentences; only at its first step."""
    if percent != rollout.steps[0] or rollout.jobs or rollout.constant_counts:
        return []
    return [
        "rollout.jobs and rollout.constant_counts are not declared: a job that runs twice with two"
        " releases, and a message that one of them cannot read, are not looked for"
    ]

"""The steps of a rollout in the record: a gate writes when each began, and when it ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cutover_gates.core.rollout.rollout_step import RolloutStep
from cutover_gates.watch.record_writer import RecordWriter, SteadyClock

STEP = "rollout_step"
"""In the first line of what a gate wrote: the step that it judges."""


NEEDED = "needed"
"""In the first line of a step that begins: the answers without a failure that prove its limit."""


def write_step(folder: Path, target: str, release: str, step: RolloutStep, needed: int = 0) -> None:
    """Write down that a step has begun, or how long it was live. Raises `OSError`.

    `needed` are the answers that the watcher may fill up to. The end of a step is a mark, too: the
    writes are read again after it.
    """
    head: dict[str, Any] = {"target": target, "release": release, "tag": "", "intervals": {}}
    head |= {NEEDED: needed} if needed else {}
    head |= {STEP: step.to_plain()} | ({} if step.ends is None else {"mark": step.gate})
    RecordWriter(folder, head, SteadyClock()).close()


def read_steps(line: Mapping[str, Any]) -> list[RolloutStep]:
    """Return the step of a segment's first line; nothing where it is of another process."""
    return [RolloutStep.from_plain(line[STEP])] if STEP in line else []


def merge_steps(steps: Iterable[RolloutStep]) -> list[RolloutStep]:
    """Return each step once, in order of time: the end of a step follows its beginning."""
    by_beginning: dict[tuple[int, float], RolloutStep] = {}
    for step in steps:
        key = (step.percent, step.begins)
        if key not in by_beginning or step.ends is not None:
            by_beginning[key] = step
    return sorted(by_beginning.values(), key=lambda step: step.begins)

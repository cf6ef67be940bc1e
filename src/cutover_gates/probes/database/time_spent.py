"""What the time of a gate went on, so that who ran out of it knows what to shorten or to raise."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FILE = "time-spent.jsonl"
# The most steps that are named: the longest ones are what can be shortened.
_NAMED_STEPS = 4


@contextmanager
def record_step(folder: Path, step: str) -> Iterator[None]:
    """Record the time of the block as a step of the gate, in a folder that its processes share."""
    _append(folder, step, begins=True)
    try:
        yield
    finally:
        _append(folder, step, begins=False)


def describe_steps(folder: Path) -> str:
    """Return the steps that took longest, such as `restoring the backup 512 s, rows 40 s`."""
    longest = sorted(_sum_steps(folder).items(), key=lambda one: -one[1])[:_NAMED_STEPS]
    return ", ".join(f"{step} {seconds:.0f} s" for step, seconds in longest if seconds >= 1)


def _sum_steps(folder: Path) -> dict[str, float]:
    """Return the seconds of each step; one that has not ended counts up to now."""
    totals, running = defaultdict[str, float](float), Counter[str]()
    for line in _read_lines(folder):
        step, sign = str(line["step"]), -1 if line["begins"] else 1
        totals[step] += sign * float(line["at"])
        running[step] -= sign
    now = time.time()
    return {step: total + now * running[step] for step, total in totals.items()}


def _read_lines(folder: Path) -> list[dict[str, Any]]:
    try:
        text = (folder / _FILE).read_text(encoding="utf-8")
    except OSError:
        return []
    return [json.loads(line) for line in text.splitlines()]


def _append(folder: Path, step: str, *, begins: bool) -> None:
    line = json.dumps({"step": step, "at": time.time(), "begins": begins})
    folder.mkdir(parents=True, exist_ok=True)
    # One short write at the end of a file is whole, whichever process makes it.
    with (folder / _FILE).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")

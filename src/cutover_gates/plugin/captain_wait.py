"""Waits between two steps for the captain: Enter on the terminal, or a file; never for ever."""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cutover_gates.core.triggers.trigger_names import OLD, TriggerState, parse_key
from cutover_gates.core.triggers.trigger_state import UnusableState
from cutover_gates.plugin.step_watcher import StepWatcher
from cutover_gates.watch.kept_triggers import read_kept_triggers

POLL_SECONDS = 0.5


@dataclass
class CaptainWait:
    """Waits until the captain says that the next step is live. `watcher` may forbid it.

    `file` counts once it is made, or touched, after the question: one from an earlier night is no
    answer.
    """

    percent: int
    file: Path
    seconds: float
    watcher: StepWatcher
    has_entered: Callable[[], bool]
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep

    def wait(self) -> str:
        """Return why the next step may not begin; empty where the captain has said that it does."""
        before = self._read_mark()
        self.tell(
            f"GO for {self.percent} %: bring it about, then press Enter here, or touch {self.file},"
            f" within {self.seconds:g} s"
        )
        ends = self.clock() + self.seconds
        while self.clock() < ends:
            if why := find_obstacle(self.watcher):
                return why
            if self.has_entered() or self._read_mark() not in (None, before):
                return find_obstacle(self.watcher)
            self.pause(POLL_SECONDS)
        return (
            f"nobody said within {self.seconds:g} s that {self.percent} % is live"
            " (rollout.wait_seconds): run `pytest -m phase2` again"
        )

    def _read_mark(self) -> tuple[int, int] | None:
        try:
            found = self.file.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_ino


def find_obstacle(watcher: StepWatcher) -> str:
    """Return why no step may begin now; empty where one may."""
    if fired := watcher.list_fired():
        return f"a trigger fired ({', '.join(fired)})"
    if not watcher.runs:
        return "the watcher does not run any more"
    return ""


def list_pending(folder: Path) -> list[str]:
    """Return the conditions that are pending now. What only the old release does is none of them.

    Raises `UnusableState`, also where no trigger was evaluated at all.
    """
    kept = read_kept_triggers(folder)
    if kept is None:
        raise UnusableState("the watcher has evaluated no trigger")
    pending = [
        text
        for text, condition in kept.state["conditions"].items()
        if condition["state"] == TriggerState.PENDING
    ]
    return [text for text in pending if parse_key(text).subject != OLD]


def has_pending(folder: Path) -> bool:
    """Return whether a condition is pending, or may be: what cannot be read is not known."""
    try:
        return bool(list_pending(folder))
    except (UnusableState, OSError):
        return True


def wait_until_clear(
    watcher: StepWatcher, seconds: float, clock: Callable[[], float] = time.monotonic
) -> str:
    """Wait until no trigger is pending, and return why no step may begin; empty where one may."""
    ends = clock() + seconds
    while True:
        try:
            pending = list_pending(watcher.folder)
        except (UnusableState, OSError) as error:
            return f"the state of the triggers cannot be read: {error}"
        why = find_obstacle(watcher)
        if why or not pending:
            return why
        if clock() >= ends:
            return f"a trigger is pending ({', '.join(pending)})"
        time.sleep(POLL_SECONDS)


def has_entered() -> bool:
    """Return whether somebody pressed Enter on the terminal of this process."""
    stdin = sys.__stdin__
    if stdin is None or stdin.closed or not stdin.isatty():
        return False
    is_ready = bool(select.select([stdin], [], [], 0)[0])
    return is_ready and bool(stdin.readline())

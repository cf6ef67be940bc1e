"""What a watcher keeps of its triggers beside the record: the state that the next one resumes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cutover_gates.core.triggers.trigger_conclusions import has_seen_new
from cutover_gates.core.triggers.trigger_firing import Firing
from cutover_gates.core.triggers.trigger_limits import TriggerLimits
from cutover_gates.core.triggers.trigger_machine import TriggerMachine
from cutover_gates.core.triggers.trigger_state import UnusableState, resume_machine
from cutover_gates.util.files import write_atomically

STATE_FILE = "triggers.json"
ORDER_FILE = "ROLL-BACK-NOW.txt"
HISTORY_FILE = "ROLLED-BACK.txt"


@dataclass(frozen=True)
class KeptTriggers:
    """The state of the triggers after one evaluation.

    `at` is its moment in seconds since 1970, `started` the zero of its own clock, `limits` what it
    was decided by, and `state` what `dump_state` wrote.
    """

    release: str
    at: float
    started: datetime
    state: Mapping[str, Any]
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def evaluations(self) -> int:
        """How many evaluations the state has taken in."""
        return int(self.state["evaluations"])

    def list_firings(self) -> list[Firing]:
        """Return what fired. Raises `UnusableState`."""
        return self._resume().firings

    def has_seen_new(self) -> bool:
        """Return whether the new release has ever answered. Raises `UnusableState`."""
        return has_seen_new(self._resume())

    def _resume(self) -> TriggerMachine:
        return resume_machine(self.state, TriggerLimits(), 0.0)

    def find_last_firing(self) -> datetime | None:
        """Return the moment of the last firing; None where nothing fired."""
        return find_last_moment(self.list_firings(), self.started)

    def write(self, folder: Path) -> None:
        """Replace the state in the folder as a whole. Raises `OSError`."""
        plain = {**asdict(self), "started": self.started.isoformat()}
        write_atomically(folder / STATE_FILE, json.dumps(plain, default=str))


def read_kept_triggers(folder: Path) -> KeptTriggers | None:
    """Return the state that a watcher kept in the folder; None where there is none.

    Raises `UnusableState` and `OSError`.
    """
    path = folder / STATE_FILE
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        started = datetime.fromisoformat(plain["started"])
        kept = KeptTriggers(**{**plain, "started": started, "at": float(plain["at"])})
        # What is no state is as unusable as what cannot be read.
        _ = kept.evaluations, kept.list_firings()
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UnusableState(f"{path} cannot be read: {error}") from None
    return kept


def find_last_moment(firings: list[Firing], started: datetime) -> datetime | None:
    """Return when the last of these fired; None of none."""
    return max((started + timedelta(seconds=firing.at) for firing in firings), default=None)

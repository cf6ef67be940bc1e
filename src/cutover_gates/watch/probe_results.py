"""The result of one probe, as it stands in the record, and the counts of all."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any


class ProbeOutcome(StrEnum):
    """What became of a probe. `LATE`: a right answer that took too long. `SKIPPED`: not sent."""

    OK = "ok"
    WRONG_STATUS = "wrong status"
    WRONG_CONTENT = "wrong content"
    NO_ANSWER = "no answer"
    TIMED_OUT = "time-out"
    LATE = "late"
    NO_SESSION = "no session"
    WATCHER_ERROR = "watcher's own error"
    SKIPPED = "not sent"


EXTRA, PINNED = "-extra", "-pinned"
"""The ends of the names of paths whose probes only fill up what a step must prove.

What is pinned is sent to the new release on purpose; of the others the balancer decides.
"""
UNDECIDED = frozenset({ProbeOutcome.WATCHER_ERROR, ProbeOutcome.SKIPPED})
"""Outcomes that say nothing about the target."""


@dataclass(frozen=True, order=True)
class Crossing:
    """Something (`kind`) that one release made, and the release that answered for it."""

    kind: str
    made_by: str
    answered_by: str

    @property
    def is_between_releases(self) -> bool:
        """Whether two releases are known to have had part in it."""
        return bool(self.made_by and self.answered_by) and self.made_by != self.answered_by

    def __str__(self) -> str:
        """Return it for the evidence: 'read: 1.9.0 → 2.0.0'."""
        return f"{self.kind}: {self.made_by} → {self.answered_by}"


@dataclass(frozen=True)
class PathProbe:
    """One probe. Times are seconds since 1970 by the watcher's clock, which never steps.

    `planned` is when it was due and `started` when it began; `took` is the number of seconds to
    the last byte. `why` says what was wrong. `release` and `instance` are what the headers of the
    last answer named. `asked_again`: a kept connection was closed before the first byte of an
    answer, and the request was sent once more. `crossings` are between releases: a failed probe
    failed at the last of them, or later.
    """

    path: str
    planned: float
    started: float
    took: float
    outcome: ProbeOutcome
    why: str = ""
    status: int = 0
    release: str = ""
    instance: str = ""
    role: str = ""
    asked_again: bool = False
    crossings: tuple[Crossing, ...] = ()

    @property
    def operation(self) -> str:
        """The path, whatever the probe was for."""
        return self.path.removesuffix(EXTRA).removesuffix(PINNED)

    @property
    def is_extra(self) -> bool:
        """Whether it only fills up what a step must prove."""
        return self.path.endswith((EXTRA, PINNED))

    @property
    def is_pinned(self) -> bool:
        """Whether it was sent to the new release on purpose."""
        return self.path.endswith(PINNED)

    @property
    def ended(self) -> float:
        """When the answer was there, or the failure was known."""
        return self.started + self.took

    @property
    def failed(self) -> bool:
        """Whether the target did not do what it must."""
        return self.outcome is not ProbeOutcome.OK and self.outcome not in UNDECIDED

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values, without those that say nothing; `from_plain` reads them."""
        times = {
            "planned": round(self.planned, 4),
            "started": round(self.started, 4),
            "took": round(self.took, 4),
        }
        known = {
            "why": self.why,
            "status": self.status,
            "release": self.release,
            "instance": self.instance,
            "role": self.role,
            "asked_again": self.asked_again,
            "crossings": [astuple(one) for one in self.crossings],
        }
        said = {name: value for name, value in known.items() if value}
        return {"path": self.path, **times, "outcome": self.outcome.value, **said}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> PathProbe:
        """Return the result that `to_plain` wrote. Raises `KeyError`, `TypeError`, `ValueError`."""
        crossings = tuple(Crossing(*one) for one in plain.get("crossings", []))
        outcome = ProbeOutcome(plain["outcome"])
        return cls(**{**plain, "outcome": outcome, "crossings": crossings})


class WatchStatus:
    """Counts the results. Safe under threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: dict[str, Counter[str]] = defaultdict(Counter)
        self._last_failure: PathProbe | None = None
        self._releases: Counter[str] = Counter()
        self._asked_again = 0

    def add(self, result: PathProbe) -> None:
        """Count a result."""
        with self._lock:
            self._outcomes[result.path][result.outcome.value] += 1
            self._releases[result.release or "unknown"] += result.outcome is ProbeOutcome.OK
            self._asked_again += result.asked_again
            if result.failed:
                self._last_failure = result

    def to_plain(self) -> dict[str, Any]:
        """Return the counts, for the status file."""
        with self._lock:
            last = self._last_failure
            return {
                "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
                "paths": {path: dict(counts) for path, counts in sorted(self._outcomes.items())},
                "answers by release": dict(self._releases),
                "asked again": self._asked_again,
                "last failure": last.to_plain() if last else None,
            }

    def describe(self) -> str:
        """Return the counts in one line."""
        with self._lock:
            total: Counter[str] = Counter()
            for counts in self._outcomes.values():
                total.update(counts)
            good = total.pop(ProbeOutcome.OK.value, 0)
            rest = ", ".join(f"{count} {name}" for name, count in total.items()) or "none else"
            return f"{good} probes ok, {rest}"

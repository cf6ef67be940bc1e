"""One step of a rollout: the share of the new release, and the time for which it was live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

STEP_GATES: Mapping[int, str] = {10: "phase2-10", 50: "phase2-50", 100: "phase2-100"}
"""The gate that judges each step, by the percentage that the new release then serves."""


@dataclass(frozen=True)
class RolloutStep:
    """A step with `percent` of the traffic on the new release.

    `begins` and `ends` are seconds since 1970; `ends` is None while the step is live.
    """

    percent: int
    begins: float
    ends: float | None = None

    @property
    def gate(self) -> str:
        """The gate that judges it."""
        return STEP_GATES[self.percent]

    def lived_seconds(self, now: float) -> float:
        """Return for how many seconds it was live, up to `now`."""
        return max(0.0, (now if self.ends is None else self.ends) - self.begins)

    def end_at(self, at: float) -> RolloutStep:
        """Return the step as it ended at this moment."""
        return replace(self, ends=at)

    def to_plain(self) -> dict[str, Any]:
        """Return the step for a file; `from_plain` reads it."""
        return {"percent": self.percent, "begins": self.begins, "ends": self.ends}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> RolloutStep:
        """Return the step of a file. Raises `ValueError` for one that nobody wrote."""
        ends = plain.get("ends")
        try:
            step = cls(
                int(plain["percent"]), float(plain["begins"]), ends if ends is None else float(ends)
            )
        except (KeyError, TypeError, ValueError):
            raise ValueError(f"no step of a rollout: {dict(plain)!r}") from None
        if step.percent not in STEP_GATES or (step.ends or step.begins) < step.begins:
            raise ValueError(f"no step of a rollout: {dict(plain)!r}")
        return step

"""The time of a gate, and the shares of it that single questions may take."""

from __future__ import annotations

import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Budget:
    """The seconds that a gate may take, up to a moment that is the same in all its processes.

    `ends` is a `time.time()`. `share` says which part of a gate's time it is; empty for all of it.
    """

    ends: float
    share: str = ""

    @property
    def remaining_seconds(self) -> float:
        """The seconds that are left; 0 when the budget is spent."""
        return max(0.0, self.ends - time.time())

    def take_share(self, share: float) -> Budget:
        """Return a share of what is left, for a question that may not use up the time of others."""
        left = self.remaining_seconds
        if share >= 1:
            return self
        text = f"its share, {left * share:.0f} s of the {left:.0f} s that were left of the gate"
        return Budget(time.time() + left * share, text)

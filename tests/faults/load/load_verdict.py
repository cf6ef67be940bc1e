"""The verdict of a gate of the suite `performance`, with the facts of its load."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cutover_gates.probes.load.model import ALL_CERTAIN
from tests.faults.results import Results, Verdict


@dataclass(frozen=True)
class LoadVerdict(Verdict):
    """A verdict, the summary of its load (empty where no load was made), and whether a baseline is
    there now.
    """

    load: Mapping[str, Any] = field(repr=False)
    recorded: bool

    @property
    def ended_early(self) -> bool:
        """Tell whether the load ended before everything was certain.

        One breach was certain, the load stopped for safety, or its time was over.
        """
        return self.load.get("end_reason") != ALL_CERTAIN

    @property
    def load_seconds(self) -> float:
        """Return the seconds from the start of the load to its last request."""
        *_, (last, *_) = self.load.get("series") or [[0.0]]
        return float(last)


def load_of(results: Results) -> LoadVerdict:
    """Return the results as what only gates under load give."""
    assert isinstance(results, LoadVerdict)
    return results

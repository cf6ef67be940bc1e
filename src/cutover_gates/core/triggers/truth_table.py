"""The truth table of the triggers: every border as a series with what it must come to."""

from __future__ import annotations

from cutover_gates.core.triggers.truth_hazards import list_hazard_rows
from cutover_gates.core.triggers.truth_row import TruthRow
from cutover_gates.core.triggers.truth_shares import list_share_rows
from cutover_gates.core.triggers.truth_steps import list_step_rows
from cutover_gates.core.triggers.truth_watch import list_watch_rows


def list_truth_rows() -> tuple[TruthRow, ...]:
    """Return all rows; no two have one name."""
    return (*list_share_rows(), *list_step_rows(), *list_watch_rows(), *list_hazard_rows())

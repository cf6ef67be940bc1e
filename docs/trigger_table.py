"""Writes the truth table of the triggers into `docs/triggers.md`: `python -m docs.generate`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.core.triggers.truth_row import TruthRow
from cutover_gates.core.triggers.truth_table import list_truth_rows

BEGIN = "<!-- truth table: written by `python -m docs.generate` -->"


def complete_triggers_page(page: str) -> str:
    """Return the page with the table below its mark. Raises `ValueError` where there is none."""
    head, mark, _ = page.partition(BEGIN)
    if not mark:
        raise ValueError(f"docs/triggers.md has no line {BEGIN}")
    return "\n".join([head + BEGIN, *_format_table(list_truth_rows())]) + "\n"


def _format_table(rows: tuple[TruthRow, ...]) -> Iterator[str]:
    counts = Counter(row.expected.value for row in rows)
    told = ", ".join(f"{count} {expected}" for expected, count in sorted(counts.items()))
    yield f"\n{len(rows)} rows: {told}. The seconds count from the start of the trouble.\n"
    for trigger in TriggerName:
        own = [row for row in rows if row.trigger is trigger]
        yield f"### {trigger} ({len(own)} rows)\n"
        yield "| series | comes to |"
        yield "|---|---|"
        yield from (f"| {_name(row)} | {_expectation(row)} |" for row in own)
        yield ""


def _name(row: TruthRow) -> str:
    hazard = f" (hazard {row.hazard})" if row.hazard else ""
    return f"{row.name}{hazard}"


def _expectation(row: TruthRow) -> str:
    at = "" if row.fires_at is None else f" after {row.fires_at:g} s"
    return f"{row.expected}{at}"

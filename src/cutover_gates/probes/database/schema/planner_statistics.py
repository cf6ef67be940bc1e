"""Statistics for the planner: a migration or an upgrade may leave a table without them."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.probes.database.schema import rules
from cutover_gates.probes.database.schema.schema_catalog import (
    PLANNER_STATISTICS,
    Catalog,
    Fact,
    Facts,
)
from cutover_gates.probes.database.schema.schema_differences import NameFormatter
from cutover_gates.util.text import format_list

FEW_PAGES = 32
"""A table of fewer pages (256 KB) is read in full in a millisecond, whatever the planner thinks."""


def check_planner_statistics(
    before: Catalog, found: Catalog, display: NameFormatter
) -> AssessmentBuilder:
    """Check that each larger table has statistics, and each old column that had them before.

    What had none before is not blamed on the migration. A new column of an old table has none until
    the next ANALYZE: it is listed.
    """
    builder = AssessmentBuilder()
    without: list[str] = []
    for name, facts in sorted(found[PLANNER_STATISTICS].items()):
        if _pages(facts) < FEW_PAGES:
            continue
        if facts.get("readable") != "yes":
            reason = "the role of database_dsn may not read the table, nor its statistics"
            builder.add_gap(rules.PLANNER_STATISTICS, display(name), reason)
            continue
        builder.checked.append(display(name))
        was = before[PLANNER_STATISTICS].get(name)
        kept = [column for column in _columns(was) if f"{name}.{column}" in found["column"]]
        _check_table(builder, display(name), was, facts, kept)
        without += _list_new_columns(name, facts, found, display)
    builder.figures["columns without statistics"] = without
    if not builder.checked and not builder.not_proven:
        builder.checked.append(f"no table has {FEW_PAGES} pages")
    return builder


def _check_table(
    builder: AssessmentBuilder, name: str, before: Facts | None, now: Facts, kept: list[str]
) -> None:
    """Add a finding where a table, or one of the columns that it kept, has lost its statistics."""
    there = _columns(now)
    if not there:
        # It may have been small or empty before, and then it needed none.
        if before is None or _columns(before) or _pages(before) < FEW_PAGES:
            builder.add_finding(
                rules.PLANNER_STATISTICS,
                name,
                expected="statistics of its columns",
                actual=f"none, and {_pages(now)} pages",
                reproduce=f"ANALYZE {name}",
            )
    elif lost := [column for column in kept if column not in there]:
        builder.add_finding(
            rules.PLANNER_STATISTICS,
            name,
            expected="statistics of every column that had them before",
            actual=f"none of {format_list(lost)}",
            reproduce=f"ANALYZE {name}",
        )


def _list_new_columns(name: str, facts: Facts, found: Catalog, display: NameFormatter) -> list[str]:
    start = f"{name}."
    columns = [one.removeprefix(start) for one in found["column"] if one.startswith(start)]
    there = _columns(facts)
    return [f"{display(name)}.{column}" for column in columns if column not in there]


def _pages(facts: Facts) -> int:
    return _as_number(facts.get("pages"))


def _columns(facts: Facts | None) -> list[str]:
    columns = facts.get("columns") if facts else None
    return columns if isinstance(columns, list) else []


def _as_number(value: Fact) -> int:
    return value if isinstance(value, int) else 0

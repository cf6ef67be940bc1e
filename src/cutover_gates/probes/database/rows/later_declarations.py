"""Declarations that were written or changed after the snapshot, applied to its figures.

The snapshot holds sums that were computed by the declarations of its time. Some later ones only
read these sums in another way. For the others the restored backup stands in, where it holds the
very rows of the snapshot: it is measured as the snapshot would have been. What neither can show is
not proven, for that table alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from cutover_gates.config.table_changes import TableChange
from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.rows.reread_sums import reread_columns, reread_sums
from cutover_gates.probes.database.rows.snapshot_from_backup import remeasure_tables
from cutover_gates.probes.database.snapshot import rules as snapshot_rules
from cutover_gates.probes.database.snapshot.model import Snapshot, dump_declarations

FIGURE = "declared after the snapshot"
# Keys by which the snapshot computed its figures.
_EVALUATED = frozenset({"becomes", "drops", "ignores", "grows_above", "rows_become"})
# Keys that say nothing of the data.
_WORDS = frozenset({"reason", "by", "at"})
# The day of a declaration is one of some time zone.
_DAY_TOLERANCE = timedelta(hours=14)


@dataclass(frozen=True)
class LaterDeclaration:
    """What was declared of one table after the snapshot: which `keys`, by whom and when.

    `shown_by` names what the table's figures rest on now, `problem` why they cannot be had.
    """

    table: str
    keys: tuple[str, ...]
    by: str
    at: str
    reason: str
    shown_by: str = "the sums of the snapshot"
    problem: str = ""


@dataclass(frozen=True)
class AppliedDeclarations:
    """A snapshot as the declarations in force read it, and what was declared after it."""

    snapshot: Snapshot
    later: tuple[LaterDeclaration, ...] = ()

    def add_to(self, assessment: Assessment) -> Assessment:
        """Return an assessment that lists the later declarations, and what they leave unproven."""
        if not self.later:
            return assessment
        problems = {one.table: one.problem for one in self.later if one.problem}
        gaps = [
            Finding(snapshot_rules.SAME_DECLARATIONS, table, "", problem)
            for table, problem in problems.items()
        ]
        # The missing figures of such a table are a consequence, and told once.
        told = {(snapshot_rules.TABLES_MEASURED, table) for table in problems}
        others = [gap for gap in assessment.not_proven if (gap.rule, gap.subject) not in told]
        listed = [{**asdict(one), "keys": list(one.keys)} for one in self.later]
        return replace(
            assessment,
            not_proven=(*others, *gaps),
            figures={**assessment.figures, FIGURE: listed},
        )


def apply_declarations(context: DatabaseContext, before: Snapshot) -> AppliedDeclarations:
    """Return the snapshot as if the declarations in force had been there when it was taken.

    It is computed once a run, because a backup may have to be restored for it.
    """
    if before.declared is None or not _find_changed_keys(context, before):
        return AppliedDeclarations(before)
    plain = context.compute_once("later-declarations", lambda: _compute(context, before))
    later = [
        LaterDeclaration(**{**one, "keys": tuple(one["keys"])}) for one in plain["declarations"]
    ]
    tables = {name: TableStats.from_plain(stats) for name, stats in plain["tables"].items()}
    unproven = {**before.figures.unproven, **plain["unproven"]}
    figures = replace(before.figures, tables={**before.figures.tables, **tables}, unproven=unproven)
    return AppliedDeclarations(replace(before, figures=figures), tuple(later))


def _find_changed_keys(context: DatabaseContext, before: Snapshot) -> dict[str, tuple[str, ...]]:
    """Return the keys that were declared, changed or removed since the snapshot, by table."""
    then, now, changed = before.declared or {}, dump_declarations(context), {}
    for name in sorted({*then, *now}):
        old, new = then.get(name, {}), now.get(name, {})
        keys = [key for key in sorted({*old, *new} - _WORDS) if old.get(key) != new.get(key)]
        if keys:
            changed[name] = tuple(keys)
    return changed


def _compute(context: DatabaseContext, before: Snapshot) -> dict[str, Any]:
    changed = _find_changed_keys(context, before)
    later = {name: _describe(context, before, name, keys) for name, keys in changed.items()}
    tables: dict[str, TableStats] = {}
    from_backup = []
    for name, one in later.items():
        if one.problem or name not in before.figures.tables or not _EVALUATED & {*one.keys}:
            continue
        then, change = before.figures.tables[name], context.declared_change(name)
        drops_only = {"drops", "ignores"}.issuperset(_EVALUATED & {*one.keys})
        reread = reread_sums(then, change)
        if reread is None and drops_only:
            reread = reread_columns(then, change)
        if reread is not None:
            tables[name] = reread
        else:
            from_backup.append(name)
    if from_backup:
        remeasured = remeasure_tables(context, before, from_backup)
        tables |= remeasured.tables
        for name in from_backup:
            problem = _explain(changed[name], remeasured.problems.get(name, ""))
            later[name] = replace(later[name], shown_by="the restored backup", problem=problem)
    unproven = {name: one.problem for name, one in later.items() if one.problem}
    tables |= _drop_figures(before, unproven, changed)
    return {
        "declarations": [
            {**asdict(one), "table": context.display_name(name)} for name, one in later.items()
        ],
        "tables": {name: stats.to_plain() for name, stats in tables.items()},
        "unproven": unproven,
    }


def _describe(
    context: DatabaseContext, before: Snapshot, name: str, keys: Sequence[str]
) -> LaterDeclaration:
    change = context.declared_change(name)
    at = str(change.at) if change.at else ""
    one = LaterDeclaration(name, tuple(keys), change.by, at, change.reason or "")
    opened = change.content == "any" and "content" in keys
    if name in before.figures.tables and (opened or _EVALUATED & {*keys}):
        return replace(one, problem=_find_missing_name(change, before))
    return one


def _find_missing_name(change: TableChange, before: Snapshot) -> str:
    """Return why a later declaration does not count: nobody stands for it, or an earlier day."""
    if change == TableChange():
        return ""  # It was taken away: then everything is compared as it was.
    if not change.by.strip() or change.at is None:
        return "its declaration was changed after the snapshot: write by and at beside it"
    taken = datetime.fromtimestamp(before.taken_at, UTC) - _DAY_TOLERANCE
    if change.at < date(taken.year, taken.month, taken.day):
        return f"at is {change.at}, and {before.label} does not know the declaration"
    return ""


def _explain(keys: Sequence[str], problem: str) -> str:
    if not problem:
        return ""
    return f"{', '.join(keys)} changed after the snapshot, and the backup cannot show it: {problem}"


def _drop_figures(
    before: Snapshot, unproven: Mapping[str, str], changed: Mapping[str, Sequence[str]]
) -> dict[str, TableStats]:
    """Return the tables that are not proven, without the figures that no longer hold."""
    dropped = {}
    for name in unproven:
        stats = replace(before.figures.tables[name], sums=None, segments=None)
        if {"grows_above", "rows_become"} & {*changed[name]}:
            stats = replace(stats, counted=None)
        dropped[name] = stats
    return dropped

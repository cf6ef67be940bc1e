"""What a script of the night takes away from the release before, by what it does to a schema.

A linter reads statements; this compares the catalog before and after each script, on an empty
scratch database. So a column that a block of code drops is found, too, and each finding names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import psycopg

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import (
    MigrationScript,
    load_install_scripts,
)
from cutover_gates.probes.database.history.script_execution import ScriptFailed, apply_scripts
from cutover_gates.probes.database.history.scripts_of_night import POINT_SETTING, read_point
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.release_scripts import select_scripts_of_release
from cutover_gates.probes.database.schema.schema_catalog import Catalog, Facts, read_catalog
from cutover_gates.probes.database.schema.schema_from_scripts import (
    collect_scratch_placeholders,
    exclude_history_table,
    read_server,
)
from cutover_gates.probes.database.scratch.scratch_server import scratch_server

_USED_KINDS = ("schema", "type", "table", "materialized view", "view", "sequence", "function")
"""Kinds of which the release before may use any object by its name."""
_DROPS = frozenset({"ban-drop-column", "ban-drop-table", "renaming-column", "renaming-table"})


@dataclass(frozen=True)
class Contraction:
    """Something that the release before has no longer, or must now give.

    `excepted_by` are the rules of squawk under which a hospital excepts it (`lint_except`).
    """

    subject: str
    expected: str
    actual: str
    excepted_by: frozenset[str]


def find_contractions(before: Catalog, after: Catalog) -> Iterator[Contraction]:
    """Yield what the schema after a script no longer grants to who knows the one before."""
    yield from _find_lost_objects(before, after)
    yield from _find_changed_columns(before, after)
    yield from _find_required_columns(before, after)


def _find_lost_objects(before: Catalog, after: Catalog) -> Iterator[Contraction]:
    for kind in _USED_KINDS:
        for name in before[kind]:
            if name not in after[kind]:
                drops = _DROPS | {f"ban-drop-{kind}"}
                yield Contraction(f"{kind} {name}", "kept", "dropped or renamed", drops)


def _find_changed_columns(before: Catalog, after: Catalog) -> Iterator[Contraction]:
    """Yield the old columns that changed. A lost table is named once, and not by its columns."""
    for name, facts in before["column"].items():
        if _is_gone(str(facts["of"]), after):
            continue
        if name in after["column"]:
            yield from _compare_column(name, facts, after["column"][name])
        else:
            yield Contraction(f"column {name}", "kept", "dropped or renamed", _DROPS)


def _find_required_columns(before: Catalog, after: Catalog) -> Iterator[Contraction]:
    for name, facts in after["column"].items():
        is_new = name not in before["column"] and not _is_gone(str(facts["of"]), before)
        if is_new and _is_required(facts):
            yield Contraction(
                f"column {name}",
                "NULL or a default, for rows that do not name it",
                "NOT NULL without a default",
                frozenset({"adding-required-field", "adding-not-nullable-field"}),
            )


def _compare_column(name: str, old: Facts, new: Facts) -> Iterator[Contraction]:
    subject, narrower = f"column {name}", frozenset({"adding-not-nullable-field"})
    for fact, rule in (("type", "changing-column-type"), ("collation", "changing-column-type")):
        if old.get(fact) != new.get(fact):
            yield Contraction(subject, _tell(fact, old), _tell(fact, new), frozenset({rule}))
    if old.get("nulls") == "allowed" and _refuses_null(new):
        yield Contraction(subject, "NULL allowed", "NOT NULL", narrower)
    if old.get("default") and not new.get("default"):
        yield Contraction(subject, _tell("default", old), "no default", narrower)
    # What is generated always refuses a value that the release before writes.
    if not old.get("generation") and new.get("generation"):
        yield Contraction(subject, "a value of its own", _tell("generation", new), narrower)


def _tell(fact: str, facts: Facts) -> str:
    return f"{fact} {facts.get(fact) or 'by default'}"


def _refuses_null(facts: Facts) -> bool:
    """Return whether new rows need a value; a NOT NULL that is not valid counts for them, too."""
    return str(facts.get("nulls")).startswith("refused")


def _is_gone(owner: str, catalog: Catalog) -> bool:
    """Return whether the table of a column (`table public.visits`) is not in the catalog."""
    return not any(owner == f"{kind} {name}" for kind in _USED_KINDS for name in catalog[kind])


def _is_required(facts: Facts) -> bool:
    given = facts.get("default") or facts.get("generation") or facts.get("identity")
    return _refuses_null(facts) and not given


class ContractionAssessments:
    """The scripts of the night, run on an empty database. Raises `NotProven` where none can be."""

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_night(self) -> Assessment:
        """Check that no script of the night takes away what the release before uses."""
        pending = select_scripts_of_release(self.context)
        builder = AssessmentBuilder(checked=[script.file_name for script in pending])
        excepted = set(self.context.migrations.rehearsal.lint_except)
        left_out = list[str]()
        for script, each in self._run_scripts(pending):
            if each.excepted_by & excepted:
                left_out.append(f"{script}: {each.subject}")
                continue
            builder.add_finding(
                rules.NIGHT_ONLY_EXPANDS,
                f"{script}: {each.subject}",
                expected=each.expected,
                actual=each.actual,
            )
        builder.figures = {
            POINT_SETTING: str(read_point(self.context.migrations) or "none"),
            "left out by exception": left_out,
        }
        return self.context.record_assessment(builder.build(rules.NIGHT_ONLY_EXPANDS.title))

    def _run_scripts(self, pending: Sequence[MigrationScript]) -> Iterator[tuple[str, Contraction]]:
        """Yield what each script takes away, with its file name."""
        names = {script.file_name for script in pending}
        earlier = [
            script for script in load_install_scripts(self.context) if script.file_name not in names
        ]
        major, roles = read_server(self.context)
        with scratch_server(self.context, major) as server:
            dsn = server.create_database(roles=roles)
            self._apply(dsn, earlier)
            before = self._read_catalog(dsn)
            for script in pending:
                self._apply(dsn, [script])
                after = self._read_catalog(dsn)
                for each in find_contractions(before, after):
                    yield script.file_name, each
                before = after

    def _apply(self, dsn: str, scripts: Sequence[MigrationScript]) -> None:
        placeholders = collect_scratch_placeholders(self.context)
        try:
            apply_scripts(dsn, scripts, placeholders, schema=self.context.migrations.schemas[0])
        except ScriptFailed as error:
            reason = f"they cannot be applied to an empty database: {error}"
            raise gap_error(rules.NIGHT_ONLY_EXPANDS, "the scripts", reason) from None

    def _read_catalog(self, dsn: str) -> Catalog:
        with psycopg.connect(dsn, autocommit=True) as connection:
            catalog = read_catalog(connection, self.context.migrations.schemas)
        return exclude_history_table(self.context, catalog)

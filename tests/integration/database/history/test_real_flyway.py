"""The computed states equal those of `flyway info`, for every defect of a history.

Each case starts Java once, so every run tries as many as show each state, and `tox run -e thorough`
tries all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history import history_table, rules
from cutover_gates.probes.database.history.assessments import HistoryAssessments
from cutover_gates.probes.database.history.flyway_conventions import Version
from cutover_gates.probes.database.history.flyway_rows import FlywayRow
from cutover_gates.probes.database.history.flyway_states import compute_states
from cutover_gates.probes.database.history.migration_scripts import MigrationScript, load_scripts
from reference import announcement, cutover, postgres
from tests.faults import serve
from tests.findings import list_breaches, raises_gap
from tests.integration.database.conftest import CopyDatabase
from tests.integration.database.contexts import copy_scripts_of_night, make_database_context
from tests.integration.database.flyway.command_line import flyway
from tests.standins.flyway_history import (
    FILES,
    history_row,
    number_rows,
    write_files,
    write_history,
)

V1, V2, V3, R = (history_row(name) for name in FILES)
ALL = (V1, V2, V3, R)
WITHOUT_2 = {name: content for name, content in FILES.items() if not name.startswith("V2")}


@dataclass(frozen=True)
class Case:
    """Scripts on disk, rows in the table, and how Flyway is set."""

    rows: Sequence[FlywayRow] = ALL
    files: Mapping[str, str] = field(default_factory=lambda: FILES)
    out_of_order: bool = False
    placeholders: Mapping[str, str] = field(default_factory=dict)


BASELINE_2 = history_row(
    "V2__x.sql",
    type="BASELINE",
    description="<< Flyway Baseline >>",
    script="<< Flyway Baseline >>",
    checksum=None,
)
CREATED = history_row(
    "R__x.sql",
    type="SCHEMA",
    rank=0,
    description="<< Flyway Schema Creation >>",
    script='"public"',
    checksum=None,
)
DELETED_2 = history_row("V2__visits.sql", type="DELETE", checksum=None)
GONE_AGAIN = history_row("V2.6__repaired.sql", type="DELETE", checksum=None)
CASES = {
    "many_at_once": Case(
        rows=(
            *(V1, V3, V2),
            *(history_row(f"V2.{number}__gone.sql") for number in (4, 6)),
            GONE_AGAIN,
            history_row("V2.7__half.sql", success=False),
            history_row("V4__broken.sql", success=False),
            history_row("V8__next.sql"),
            history_row("V9__next.sql", success=False),
            *(R, history_row("R__overview.sql", "SELECT 0;")),
        ),
        files={**FILES, "V1.5__late.sql": "SELECT 1;", "V4__broken.sql": "SELECT 1;"},
    ),
    "clean": Case(),
    "version_zero": Case(
        rows=(history_row("V0__start.sql", "SELECT 1;"), *ALL),
        files={**FILES, "V0__start.sql": "SELECT 1;"},
    ),
    "nothing_applied": Case(rows=()),
    "pending": Case(rows=(V1, V2)),
    "edited": Case(files={**FILES, "V2__visits.sql": "CREATE TABLE visits (id bigint);"}),
    "deleted_on_disk": Case(files=WITHOUT_2),
    "renamed": Case(files={**WITHOUT_2, "V2__stays.sql": FILES["V2__visits.sql"]}),
    "renumbered": Case(files={**WITHOUT_2, "V2.5__visits.sql": FILES["V2__visits.sql"]}),
    "added_below": Case(files={**FILES, "V1.5__late.sql": "SELECT 1;"}),
    "added_below_and_allowed": Case(
        files={**FILES, "V1.5__late.sql": "SELECT 1;"}, out_of_order=True
    ),
    "applied_out_of_order": Case(rows=(V1, V3, V2, R)),
    "future": Case(files={name: content for name, content in FILES.items() if "V3" not in name}),
    "empty_location": Case(files={}),
    "failed": Case(rows=(V1, V2, history_row("V3__tags.sql", success=False))),
    "failed_and_missing": Case(
        rows=(V1, history_row("V2__visits.sql", success=False), V3), files=WITHOUT_2
    ),
    "failed_in_the_future": Case(rows=(*ALL, history_row("V9__x.sql", success=False))),
    "repaired": Case(rows=(*ALL, DELETED_2), files=WITHOUT_2),
    "repaired_and_still_there": Case(rows=(*ALL, DELETED_2)),
    "repaired_and_applied_again": Case(rows=(V1, V2, DELETED_2, history_row("V2__visits.sql"), V3)),
    "repeatable_changed": Case(files={**FILES, "R__overview.sql": "SELECT 2;"}),
    "repeatable_run_again": Case(rows=(V1, V2, V3, history_row("R__overview.sql", "SELECT 0;"), R)),
    "repeatable_run_back": Case(rows=(*ALL, history_row("R__overview.sql", "SELECT 0;"))),
    "repeatable_missing": Case(
        files={name: content for name, content in FILES.items() if name[0] != "R"}
    ),
    "repeatable_failed": Case(rows=(V1, V2, V3, history_row("R__overview.sql", success=False))),
    "repeatable_deleted": Case(
        rows=(*ALL, history_row("R__overview.sql", type="DELETE", checksum=None))
    ),
    "placeholders": Case(
        rows=(
            history_row("R__rights.sql", "GRANT app"),
            history_row("R__raw.sql", "GRANT ${role}"),
        ),
        placeholders={"role": "app"},
        files={"R__rights.sql": "GRANT ${role}", "R__raw.sql": "GRANT ${role}"},
    ),
    "baseline": Case(rows=(BASELINE_2, V3, R)),
    "baseline_over_everything": Case(
        rows=(history_row("V9__x.sql", type="BASELINE", checksum=None), R)
    ),
    "baseline_script_pending": Case(rows=(), files={**FILES, "B2__start.sql": "SELECT 1;"}),
    "baseline_script_applied": Case(
        rows=(history_row("B2__start.sql", "SELECT 1;", type="SQL_BASELINE"), V3, R),
        files={**FILES, "B2__start.sql": "SELECT 1;"},
    ),
    "baseline_script_too_late": Case(
        files={**FILES, "B2__start.sql": "SELECT 1;", "B4__later.sql": "SELECT 1;"}
    ),
    "baseline_script_missing": Case(
        rows=(history_row("B2__start.sql", "SELECT 1;", type="SQL_BASELINE"), V3, R)
    ),
    "baseline_script_failed": Case(
        rows=(history_row("B2__start.sql", "SELECT 1;", type="SQL_BASELINE", success=False),)
    ),
    "schema_row": Case(rows=(CREATED, *ALL)),
    "applied_by_a_program": Case(
        rows=(V1, history_row("V2__visits.sql", type="JDBC", checksum=None), V3)
    ),
    "program_missing": Case(
        rows=(V1, history_row("V2__visits.sql", type="JDBC", checksum=None), V3), files=WITHOUT_2
    ),
    "odd_names": Case(
        rows=(history_row("V1__patients.sql"),),
        files={
            "V1.0.1__a__b.sql": "",
            "V01__patients.sql": FILES["V1__patients.sql"],
            "V1_10__ten.sql": "",
            "V1_9__nine.sql": "\ufeffSELECT 1;\r\n",
            "V7.sql": "SELECT 1;",
            "v8__small.sql": "",
            "V9_single.sql": "",
            "Rx__y.sql": "",
            "U1__undo.sql": "",
            "deep/V5__deep.sql": "",
            "afterMigrate.sql": "SELECT 1;",
            "V6__x.SQL": "",
            "V20240101.12__dated.sql": "",
        },
    ),
}

ALWAYS = ("many_at_once", "baseline", "odd_names")
"""They show each state there is, and the names that Flyway reads otherwise than one expects."""


def ours(context: DatabaseContext, target: Version | None = None) -> list[tuple[str, str, str]]:
    """Version, description and state of each, sorted."""
    with context.connect() as connection:
        rows = history_table.parse_flyway_rows(
            history_table.read_history_lines_if_present(
                lambda: history_table.read_history_lines(context, connection)
            )
        )
    found = compute_states(
        scripts_of(context), rows, out_of_order=context.migrations.out_of_order, target=target
    )
    return sorted(
        (str(each.version or ""), (each.row or each.script).description, each.state)  # type: ignore[union-attr]
        for each in found
    )


def scripts_of(context: DatabaseContext) -> Sequence[MigrationScript]:
    """The scripts on disk; an empty folder has none."""
    return load_scripts(context).scripts if any(context.migrations.locations[0].iterdir()) else ()


def theirs(program: Path, context: DatabaseContext, *arguments: str) -> list[tuple[str, str, str]]:
    """The same from `flyway info`."""
    answer = flyway(
        program, context.dsn.get_secret_value(), context.migrations.locations[0], "info", *arguments
    )
    return sorted(
        (each["version"] or "", each["description"], each["state"]) for each in answer["migrations"]
    )


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in ALWAYS else [pytest.mark.thorough]) for name in CASES],
)
def test_our_states_are_those_of_flyway_info(
    name: str, program: Path, empty: str, tmp_path: Path
) -> None:
    case = CASES[name]
    write_history(empty, case.rows)
    folder = write_files(tmp_path / "sql", case.files)
    context = make_database_context(
        empty,
        tmp_path,
        locations=[folder],
        out_of_order=case.out_of_order,
        placeholders=case.placeholders,
    )
    settings = [f"-placeholders.{key}={value}" for key, value in case.placeholders.items()]
    found = ours(context)
    assert found == theirs(
        program, context, f"-outOfOrder={str(case.out_of_order).lower()}", *settings
    )
    assert found or not (case.rows or case.files)


def test_what_every_run_tries_shows_each_state(tmp_path: Path) -> None:
    """Without Flyway: a state that only a thorough case shows would be proven only at night."""
    shown: dict[str, set[str]] = {}
    for name, case in CASES.items():
        folder = write_files(tmp_path / name, case.files)
        context = make_database_context(
            "", tmp_path, locations=[folder], placeholders=case.placeholders
        )
        found = compute_states(
            scripts_of(context), number_rows(case.rows), out_of_order=case.out_of_order
        )
        shown[name] = {each.state for each in found}
    always = set().union(*(shown[name] for name in ALWAYS))
    assert always == set().union(*shown.values())
    assert len(always) > 10


def test_a_target_holds_back_what_is_above_it(program: Path, empty: str, tmp_path: Path) -> None:
    write_history(empty, (V1,))
    context = make_database_context(
        empty, tmp_path, locations=[write_files(tmp_path / "sql", FILES)]
    )
    assert ours(context, target=Version.parse("2")) == theirs(program, context, "-target=2")
    assert ("3", "tags", "Above Target") in ours(context, target=Version.parse("2"))


def test_a_history_made_by_flyway_is_accepted(program: Path, empty: str, tmp_path: Path) -> None:
    """Flyway itself applies them; then each of our three questions is answered without a finding.

    And what it refuses to apply leaves no row.
    """
    context = make_database_context(
        empty, tmp_path, locations=[write_files(tmp_path / "sql", FILES)]
    )
    assert flyway(program, empty, tmp_path / "sql", "migrate")["migrationsExecuted"] == len(FILES)
    history = HistoryAssessments(context)
    for assessment in (
        history.assess_completeness(),
        history.assess_file_changes(),
        history.assess_order(),
    ):
        assert assessment.checked
        assert not assessment.findings
    write_files(tmp_path / "sql", {"V4__broken.sql": "CREATE TABLE later (id int); SELECT 1 / 0;"})
    assert "error" in flyway(program, empty, tmp_path / "sql", "migrate")
    assert (rules.MIGRATIONS_APPLIED, "V4__broken.sql") in list_breaches(
        HistoryAssessments(context).assess_completeness()
    )
    assert ours(context) == theirs(program, context)


@pytest.mark.thorough
def test_the_cutover_can_be_flyways_own(
    program: Path, server: postgres.Server, spare: CopyDatabase, tmp_path: Path
) -> None:
    """V1–V6 are the reference's, V7–V10 Flyway's, and the history is one."""
    dsn = spare("before")
    cutover.perform(
        server,
        str(conninfo_to_dict(dsn)["dbname"]),
        announcement.accounts(),
        serve.HASHING,
        by=program,
    )
    history = HistoryAssessments(make_database_context(dsn, tmp_path))
    assert [
        history.assess_completeness().findings,
        history.assess_file_changes().findings,
        history.assess_order().findings,
    ] == [(), (), ()]
    assert len(history.assess_file_changes().checked) == 10


def test_a_history_made_by_the_reference_passes_flyway_validate(
    program: Path, spare: CopyDatabase, tmp_path: Path
) -> None:
    night = copy_scripts_of_night(tmp_path / "sql")
    assert flyway(program, spare("migrated"), night, "validate")["validationSuccessful"]


def test_a_failed_script_outside_a_transaction_leaves_a_row_and_its_traces(
    program: Path, empty: str, tmp_path: Path
) -> None:
    """`CREATE INDEX CONCURRENTLY` runs alone, so what came before it stays.

    Repairing takes the row away, and the script is pending again.

    (With its usual lock Flyway would wait for itself here, for ever:
    `postgresql.transactional.lock` must be off for such scripts.)
    """
    folder = write_files(
        tmp_path / "sql", {**FILES, "V4__index.sql": "CREATE INDEX CONCURRENTLY i ON nothing (id);"}
    )
    context = make_database_context(empty, tmp_path, locations=[folder])
    assert "error" in flyway(
        program, empty, folder, "migrate", "-postgresql.transactional.lock=false"
    )
    assert ("4", "index", "Failed") in ours(context) == theirs(program, context)
    assert (rules.MIGRATIONS_SUCCEEDED, "V4__index.sql") in list_breaches(
        HistoryAssessments(context).assess_completeness()
    )
    flyway(program, empty, folder, "repair")
    assert ("4", "index", "Pending") in ours(context)


def test_what_flyway_validate_lets_through_is_found(
    program: Path, empty: str, tmp_path: Path
) -> None:
    """An empty location, with the rows of another release in the table: Flyway is content, and
    nothing was compared.
    """
    write_history(empty, ALL)
    folder = write_files(tmp_path / "sql", {})
    assert flyway(
        program, empty, folder, "validate", "-ignoreMigrationPatterns=*:future,*:missing"
    )["validationSuccessful"]
    with raises_gap(rules.SCRIPTS_FOUND):
        HistoryAssessments(
            make_database_context(empty, tmp_path, locations=[folder])
        ).assess_completeness()

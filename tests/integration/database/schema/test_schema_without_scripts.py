"""A recorded catalog replaces scripts that cannot be applied; without one nothing is proven."""

from __future__ import annotations

from pathlib import Path

from cutover_gates.probes.database.schema import rules
from tests.findings import list_breaches, raises_gap
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.schema.conftest import RecordedAt, SchemaAt


def test_a_recorded_catalog_stands_in_for_scripts_that_fail(
    spare: CopyDatabase,
    unchanged: CopyDatabase,
    schema_at: SchemaAt,
    recorded_at: RecordedAt,
    tmp_path: Path,
) -> None:
    settings = {
        "locations": [_failing(tmp_path)],
        "expected_catalog": recorded_at(unchanged(MIGRATED)).path,
    }

    clean = schema_at(unchanged(MIGRATED), **settings).assess_against_scripts()
    drifted = schema_at(
        spare(MIGRATED, "DROP INDEX patients_by_tag"), **settings
    ).assess_against_scripts()

    assert not clean.findings
    assert "since the scripts" in clean.figures["expected"]
    assert 'V10__x.sql failed: extension "postgis" is not' in clean.figures["expected"]
    assert list_breaches(drifted) == [(rules.SCRIPTED_SCHEMA, "index patients_by_tag")]
    assert drifted.findings[0].actual == "absent"


def test_without_either_nothing_is_proven(
    unchanged: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    with raises_gap(rules.EXPECTED_SCHEMA, rules.EXPECTED_SCHEMA) as raised:
        schema_at(unchanged(MIGRATED), locations=[_failing(tmp_path)]).assess_against_scripts()
    scripts, recorded = raised.value.gaps
    assert scripts.subject == "the scripts"
    assert "V10__x.sql failed" in scripts.actual
    assert recorded.subject == "migrations.expected_catalog"


def test_a_recorded_catalog_that_is_not_there_proves_nothing(
    unchanged: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    schema = schema_at(
        unchanged(MIGRATED), locations=[_failing(tmp_path)], expected_catalog="lost.json.gz"
    )
    with raises_gap(rules.EXPECTED_SCHEMA, rules.EXPECTED_SCHEMA) as raised:
        schema.assess_against_scripts()
    scripts, recorded = raised.value.gaps
    assert "V10__x.sql failed" in scripts.actual
    assert recorded.subject == "migrations.expected_catalog"
    assert "lost.json.gz" in recorded.actual


def test_a_catalog_of_another_migration_proves_nothing(
    unchanged: CopyDatabase, schema_at: SchemaAt, recorded_at: RecordedAt, tmp_path: Path
) -> None:
    """Else a database that nobody migrated would be just what was recorded before."""
    hospital = unchanged(BEFORE)
    settings = {"locations": [_failing(tmp_path)], "expected_catalog": recorded_at(hospital).path}

    with raises_gap(rules.EXPECTED_SCHEMA, rules.EXPECTED_SCHEMA) as raised:
        schema_at(hospital, **settings).assess_against_scripts()
    assert "migration 6, and the release is at 10" in raised.value.gaps[1].actual


def test_a_baseline_that_no_script_makes_proves_nothing(
    spare: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    later = tmp_path / "later"
    later.mkdir()
    (later / "V7__more.sql").write_text("CREATE TABLE more (id int);")
    hospital = spare(
        MIGRATED,
        "DELETE FROM flyway_schema_history WHERE installed_rank < 6",
        "UPDATE flyway_schema_history SET type = 'BASELINE' WHERE installed_rank = 6",
    )

    with raises_gap(rules.EXPECTED_SCHEMA, rules.EXPECTED_SCHEMA) as raised:
        schema_at(hospital, locations=[later]).assess_against_scripts()
    assert raised.value.gaps[0].subject == "the baseline 6"


def test_scripts_that_make_no_table_prove_nothing(
    unchanged: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    scripts = tmp_path / "nothing"
    scripts.mkdir()
    (scripts / "V1__nothing.sql").write_text("SELECT 1;")

    with raises_gap(rules.EXPECTED_SCHEMA) as raised:
        schema_at(unchanged(MIGRATED), locations=[scripts]).assess_against_scripts()
    assert raised.value.gaps[0].subject == "public (migrations.schemas)"


def test_programs_are_not_applied(unchanged: CopyDatabase, schema_at: SchemaAt) -> None:
    with raises_gap(rules.EXPECTED_SCHEMA, rules.EXPECTED_SCHEMA) as raised:
        schema_at(unchanged(MIGRATED), tool="django").assess_against_scripts()
    assert raised.value.gaps[0].subject == "the scripts of django"


def _failing(folder: Path) -> Path:
    scripts = folder / "failing"
    scripts.mkdir()
    (scripts / "V10__x.sql").write_text("CREATE EXTENSION postgis;")
    return scripts

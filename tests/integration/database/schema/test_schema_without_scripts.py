"""Where the scripts cannot be applied to an empty database, a recorded catalog says what should be
there; or nothing is proven.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.evidence.assessment import NotProven
from tests.integration.database.conftest import BEFORE, MIGRATED, CopyDatabase
from tests.integration.database.schema.conftest import RecordedAt, SchemaAt


def test_a_recorded_catalog_stands_in_for_scripts_that_fail(
    spare: CopyDatabase, schema_at: SchemaAt, recorded_at: RecordedAt, tmp_path: Path
) -> None:
    settings = {
        "locations": [_failing(tmp_path)],
        "expected_catalog": recorded_at(spare(MIGRATED)).path,
    }

    clean = schema_at(spare(MIGRATED), **settings).assess_against_scripts()
    drifted = schema_at(
        spare(MIGRATED, "DROP INDEX patients_by_tag"), **settings
    ).assess_against_scripts()

    assert not clean.findings
    assert (
        "since the scripts cannot be applied to an empty PostgreSQL 18: V10__x.sql failed:"
        ' extension "postgis" is not' in clean.figures["expected"]
    )
    assert [sentence[:35] for sentence in drifted.findings] == [
        "The index patients_by_tag is missin"
    ]


def test_without_either_nothing_is_proven(
    spare: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    with pytest.raises(
        NotProven,
        match=(
            r"cannot be applied .* V10__x\.sql failed: .*; and no recorded catalog is named"
            r" .*expected_catalog"
        ),
    ):
        schema_at(spare(MIGRATED), locations=[_failing(tmp_path)]).assess_against_scripts()


def test_a_recorded_catalog_that_is_not_there_proves_nothing(
    spare: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    with pytest.raises(
        NotProven, match=r"V10__x\.sql failed: .*; and .*expected_catalog\) is not there"
    ):
        schema_at(
            spare(MIGRATED), locations=[_failing(tmp_path)], expected_catalog="lost.json.gz"
        ).assess_against_scripts()


def test_a_catalog_of_another_migration_proves_nothing(
    spare: CopyDatabase, schema_at: SchemaAt, recorded_at: RecordedAt, tmp_path: Path
) -> None:
    """Else a database that nobody migrated would be just what was recorded before."""
    hospital = spare(BEFORE)
    settings = {"locations": [_failing(tmp_path)], "expected_catalog": recorded_at(hospital).path}

    with pytest.raises(NotProven, match="was recorded at migration 6, and the release is at 10"):
        schema_at(hospital, **settings).assess_against_scripts()


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

    with pytest.raises(
        NotProven,
        match="begins with the baseline 6, and what the database held until then is in no script",
    ):
        schema_at(hospital, locations=[later]).assess_against_scripts()


def test_scripts_that_make_no_table_prove_nothing(
    spare: CopyDatabase, schema_at: SchemaAt, tmp_path: Path
) -> None:
    scripts = tmp_path / "nothing"
    scripts.mkdir()
    (scripts / "V1__nothing.sql").write_text("SELECT 1;")

    with pytest.raises(NotProven, match="there is no table in public"):
        schema_at(spare(MIGRATED), locations=[scripts]).assess_against_scripts()


def test_programs_are_not_applied(spare: CopyDatabase, schema_at: SchemaAt) -> None:
    with pytest.raises(NotProven, match="scripts of django are programs"):
        schema_at(spare(MIGRATED), tool="django").assess_against_scripts()


def _failing(folder: Path) -> Path:
    scripts = folder / "failing"
    scripts.mkdir()
    (scripts / "V10__x.sql").write_text("CREATE EXTENSION postgis;")
    return scripts

"""Targets that share a database agree on `production`: behind it are the same patients."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from tests.unit.config.settings_files import Load

BOTH = (
    '[targets.main]\nurl = "https://hospital.example"\nproduction = true\n'
    '[targets.staging]\nurl = "https://staging.example"\n'
)
MAIN_DSN = "CUTOVER_TARGETS__MAIN__DATABASE__DSN"
MAIN_STANDBY = "CUTOVER_TARGETS__MAIN__DATABASE__STANDBY_DSN"
STAGING_DSN = "CUTOVER_TARGETS__STAGING__DATABASE__DSN"
STAGING_SCRATCH = "CUTOVER_TARGETS__STAGING__MIGRATIONS__SCRATCH__DSN"
REAL = "postgresql://reader:very-secret@db.example:5432/hospital"
SAME = [
    REAL,
    "postgres://other:word@DB.example./hospital?sslmode=require",
    "host=db.example dbname=hospital user=x password=y",
    "host=a.example,db.example port=5432 dbname=hospital",
    "host=alias.example,db.example port=6000,5432 dbname=hospital",
    "host=db.example user=hospital",
]
OTHER = [
    "postgresql://reader@db.example/staging",
    "postgresql://reader@db.example:5433/hospital",
    "postgresql://reader@staging-db.example/hospital",
    "this is no DSN",
]


@pytest.mark.parametrize("dsn", SAME)
def test_one_database_has_one_mark(load: Load, dsn: str) -> None:
    """However its DSN is written; the refusal shows no password."""
    given = {MAIN_DSN: REAL, STAGING_DSN: dsn}
    with pytest.raises(SettingsError, match=r"'staging' leads to the database of .*'main'") as told:
        load(BOTH, given)
    assert "very-secret" not in str(told.value)
    marked = BOTH + "production = true\n"
    assert load(marked, given).targets["staging"].production


@pytest.mark.parametrize("dsn", OTHER)
def test_another_database_is_another(load: Load, dsn: str) -> None:
    """The same server may hold both."""
    assert load(BOTH, {MAIN_DSN: REAL, STAGING_DSN: dsn}).targets["staging"].database.dsn


def test_a_standby_of_production_is_production(load: Load) -> None:
    """It holds the same patients."""
    with pytest.raises(SettingsError, match="standby_dsn"):
        load(BOTH, {MAIN_STANDBY: REAL, STAGING_DSN: REAL})


def test_no_scratch_database_is_made_on_the_server_of_production(load: Load) -> None:
    """It is created and dropped there, under whatever name."""
    given = {MAIN_DSN: REAL, STAGING_SCRATCH: "postgresql://maker@db.example/postgres"}
    with pytest.raises(SettingsError, match=r"migrations\.scratch\.dsn of target 'staging'"):
        load(BOTH, given)


def test_a_variable_does_not_lead_production_away(load: Load, tmp_path: Path) -> None:
    """The patients stay where the file says."""
    (tmp_path / "main.dsn").write_text(REAL, encoding="utf-8")
    written = BOTH + '[targets.main.database]\ndsn_file = "main.dsn"\n'
    with pytest.raises(SettingsError, match="'staging' leads to the database of target 'main'"):
        load(written, {STAGING_DSN: REAL, MAIN_DSN: "postgresql://r@elsewhere.example/x"})


def test_a_secret_that_is_not_on_this_machine_is_no_mistake(load: Load) -> None:
    """Of the targets that are not judged, not all passwords are there."""
    written = BOTH + '[targets.main.database]\ndsn_file = "missing"\n'
    load(written, {STAGING_DSN: REAL})

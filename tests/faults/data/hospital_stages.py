"""The hospitals that data faults harm: how each comes to its state before the cutover, and is migrated.

`reference` is the embedded hospital. `everything` is the same hospital at a later time: it has
pictures, publications, partitions and more that stands beside tables, made by its script V11 and by
hand, and it is migrated by V12. The others are the nights of a billing (`billing_nights`).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psycopg

from reference import announcement, cutover, migrate, postgres, stages
from tests.faults import serve
from tests.faults.data.billing_nights import NIGHTS, TABLES
from tests.integration.database.contexts import copy_scripts_of_night, declared_migrations

REFERENCE, EVERYTHING = "reference", "everything"
_FOLDER = Path(__file__).parent / EVERYTHING


def copy_scripts(hospital: str, folder: Path) -> Path:
    """Copy the scripts of the release under judgement into a folder."""
    scripts = copy_scripts_of_night(folder)
    if hospital == EVERYTHING:
        for path in _FOLDER.glob("V*.sql"):
            shutil.copy2(path, scripts)
    if night := NIGHTS.get(hospital):
        (scripts / "V11__night.sql").write_text(TABLES + night.script, encoding="utf-8")
    return scripts


def declared_changes(hospital: str) -> dict[str, Any]:
    """Return the settings of `[targets.NAME.migrations]`, without what depends on folders.

    These folders hold no script of a later night, so there is no point of no return either.
    """
    declared = declared_migrations()
    del declared["point_of_no_return"]
    if hospital == REFERENCE:
        return declared
    if night := NIGHTS.get(hospital):
        return {**declared, "tables": {**declared["tables"], **night.tables}}
    return {
        **declared,
        "tables": {
            "picture_notes": {"rows": "new"},
            "visits": {"grows_above": "opened_at"},
            "documents": {"grows_above": "uploaded_at"},
        },
        "other_schemas": {"reporting": "the reporting team fills it itself"},
    }


def prepare(hospital: str, server: postgres.Server, name: str, scripts: Path) -> None:
    """Create the database as it is before the cutover."""
    stages.copy_release_before(server, name)
    if hospital == EVERYTHING:
        cutover.perform(server, name, announcement.accounts(), serve.HASHING)
        migrate.migrate(server.dsn(name), to=11, folder=scripts)
        with psycopg.connect(server.dsn(name)) as connection:
            connection.execute((_FOLDER / "by_hand.sql").read_bytes())


def perform_cutover(hospital: str, server: postgres.Server, name: str, scripts: Path) -> None:
    """Migrate the database to the release under judgement."""
    if hospital == EVERYTHING:
        migrate.migrate(server.dsn(name), to=None, folder=scripts)
    else:
        cutover.perform(server, name, announcement.accounts(), serve.HASHING)
    if hospital in NIGHTS:
        migrate.migrate(server.dsn(name), to=None, folder=scripts)
        with psycopg.connect(server.dsn(name), autocommit=True) as connection:
            connection.execute("ANALYZE")

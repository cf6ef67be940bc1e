"""Histories and folders of scripts, written as a test needs them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg

from cutover_gates.probes.database.history.flyway_conventions import (
    compute_checksum,
    parse_script_name,
)
from cutover_gates.probes.database.history.flyway_rows import FlywayRow
from reference import migrate

FILES = {
    "V1__patients.sql": "CREATE TABLE patients (id int);",
    "V2__visits.sql": "CREATE TABLE visits (id int);",
    "V3__tags.sql": "ALTER TABLE patients ADD tag text;\n",
    "R__overview.sql": "CREATE OR REPLACE VIEW overview AS SELECT count(*) FROM patients;",
}
"""A small release."""


def history_row(
    name: str,
    content: str | None = None,
    *,
    type: str = "SQL",
    success: bool = True,
    rank: int = -1,
    **changes: object,
) -> FlywayRow:
    """The row that a script of this name and content leaves; `rank` is by its place where none is
    given.
    """
    read = parse_script_name(name)
    assert read is not None
    crc = compute_checksum((FILES.get(name, "") if content is None else content).encode())
    values = {
        "version": read.version,
        "description": read.description,
        "script": name,
        "checksum": crc,
        **changes,
    }
    return FlywayRow(rank=rank, type=type, success=success, **values)  # type: ignore[arg-type]


def number_rows(rows: Iterable[FlywayRow]) -> list[FlywayRow]:
    """Rows with ranks 1, 2, 3 … where they have none."""
    return [
        FlywayRow(place if row.rank < 0 else row.rank, *list(vars(row).values())[1:])
        for place, row in enumerate(rows, 1)
    ]


def write_history(dsn: str, rows: Iterable[FlywayRow]) -> None:
    """Fill the table as Flyway would."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(migrate._HISTORY.encode())
        for row in number_rows(rows):
            connection.execute(
                "INSERT INTO flyway_schema_history VALUES (%s, %s, %s, %s, %s, %s, 'somebody',"
                " now(), 1, %s)",
                [
                    row.rank,
                    row.version and str(row.version),
                    row.description,
                    row.type,
                    row.script,
                    row.checksum,
                    row.success,
                ],
            )


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """The folder with these scripts."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content.encode())
    return folder

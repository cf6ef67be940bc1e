"""The complaints of PostgreSQL's programs are shown without the data that they quote."""

from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.client_programs import extract_complaints, run_program
from tests.calibration import scale_seconds
from tests.findings import raises_gap
from tests.integration.database.contexts import make_database_context


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            (
                'pg_restore: error: COPY failed for table "patients": ERROR:  invalid input syntax'
                ' for type date: "Miller 1970"\nCONTEXT:  COPY'
            ),
            "invalid input syntax for type date: …",
        ),
        ('psql:<stdin>:7: ERROR:  value "9912345" is out of range for type integer', "value …"),
        ("psql:<stdin>:7: error: invalid command \\Miller", "invalid command …"),
        (
            'psql:<stdin>:7: ERROR:  syntax error at or near "Miller"\nLINE 1: Miller\tAnna',
            "syntax error at or near …",
        ),
        (
            'psql:<stdin>:7: ERROR:  malformed array literal: "{"Miller", "Anna"}"',
            "malformed array literal: …",
        ),
        (
            (
                "pg_restore: error: could not execute query: ERROR:  insert or update on table"
                ' "visits" violates foreign key constraint "visits_fk"\nDETAIL:  Key'
                ' (patient)=(Miller) is not present in table "patients".\nCommand was: ALTER TABLE'
            ),
            'insert or update on table "visits" violates foreign key constraint "visits_fk"',
        ),
        (
            "pg_restore: error: could not uncompress data: (null)",
            "could not uncompress data: (null)",
        ),
    ],
)
def test_a_complaint_keeps_names_of_objects_and_no_content(said: str, told: str) -> None:
    assert list(extract_complaints(said)) == [told]


def test_a_password_goes_by_the_environment_and_never_by_the_arguments(tmp_path: Path) -> None:
    program = _script(tmp_path, 'echo "$@ password=$PGPASSWORD host=$PGHOST database=$PGDATABASE"')
    found = run_program(
        make_database_context("host=x", tmp_path),
        program,
        "one",
        dsn="host=h dbname=d user=u password=so-secret",
    )
    assert found.output.strip() == "one password=so-secret host=h database=d"


def test_what_does_not_end_is_ended_with_the_budget(tmp_path: Path) -> None:
    program, began = _script(tmp_path, "exec sleep 60"), time.monotonic()
    with raises_gap(rules.WITHIN_BUDGET):
        run_program(make_database_context("host=x", tmp_path, seconds=0.3), program)
    assert time.monotonic() - began < scale_seconds(5)


def _script(folder: Path, text: str) -> Path:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path

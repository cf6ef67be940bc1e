"""A schema that a script creates is not created before the script runs."""

from __future__ import annotations

import pytest

from cutover_gates.probes.database.history.script_execution import creates_schema


@pytest.mark.parametrize(
    "text",
    [
        "CREATE SCHEMA adt;",
        "-- first\nSELECT 1;\ncreate  schema\n ADT AUTHORIZATION ehr;",
        'CREATE SCHEMA "adt"',
        "CREATE SCHEMA AUTHORIZATION adt;",
    ],
)
def test_a_script_that_creates_the_schema_is_found(text: str) -> None:
    assert creates_schema(text, "adt")


@pytest.mark.parametrize(
    "text",
    [
        "CREATE SCHEMA IF NOT EXISTS adt;",
        "CREATE SCHEMA adt2;",
        'CREATE SCHEMA "ADT";',
        "-- CREATE SCHEMA adt;\nCREATE TABLE t (id int);",
        "SELECT 'CREATE SCHEMA adt;'",
    ],
)
def test_another_script_is_not(text: str) -> None:
    assert not creates_schema(text, "adt")

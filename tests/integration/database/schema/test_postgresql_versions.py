"""The same questions on older servers.

The catalog of PostgreSQL changes from version to version, and what is read from it does not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.schema.assessments import SchemaAssessments
from cutover_gates.probes.database.schema.rules import SCRIPTED_SCHEMA
from cutover_gates.probes.database.schema.schema_differences import find_differences
from cutover_gates.probes.database.scratch.scratch_server import ScratchServer, scratch_server
from reference import migrate
from tests.findings import as_values
from tests.integration.database.contexts import make_database_context
from tests.integration.database.schema.conftest import EVERYTHING, catalog_at

ROLES = ("hospital_app", "hospital_reader")


@pytest.fixture(scope="module", params=[15, 16, 18])
def older(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ScratchServer]:
    """A server of each version that is on this machine; 16 and 18 are wherever the embedded
    hospital is.
    """
    major = int(request.param)
    try:
        with scratch_server(
            make_database_context("postgresql:///none", tmp_path_factory.mktemp("older")), major
        ) as server:
            yield server
    except NotProven as why:
        if major == 15:
            pytest.skip(str(why))
        raise


def test_a_migrated_database_is_what_the_scripts_make(older: ScratchServer, tmp_path: Path) -> None:
    hospital = older.create_database(roles=ROLES)
    migrate.migrate(hospital)

    seen = SchemaAssessments(make_database_context(hospital, tmp_path)).assess_against_scripts()

    assert not seen.findings
    assert "column visits.status" in seen.checked


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (
            "ALTER TABLE visits ALTER tag TYPE text",
            [("column visits.tag", 'type "character varying(64)"', '"text"')],
        ),
        (
            "ALTER TABLE beds DISABLE TRIGGER ALL",
            ([("constraint beds.beds_ward_fkey", 'enforcing triggers "enabled"', '"disabled"')]),
        ),
        (
            "DROP INDEX patients_by_birth_date",
            (
                [
                    (
                        "index patients_by_birth_date",
                        (
                            "CREATE INDEX patients_by_birth_date ON public.patients USING btree"
                            " (birth_date)"
                        ),
                        "absent",
                    )
                ]
            ),
        ),
        (
            "REVOKE SELECT ON wards FROM hospital_app",
            [("grant on wards to hospital_app", 'rights "SELECT"', "absent")],
        ),
        (
            "ALTER FUNCTION next_bed VOLATILE",
            (
                [
                    (
                        "function next_bed(bed integer)",
                        'definition with line 4 "IMMUTABLE"',
                        '"AS $function$SELECT bed + 1$function$"',
                    )
                ]
            ),
        ),
        (
            "ALTER SEQUENCE tickets INCREMENT 2",
            [("sequence tickets", 'increment "1"', '"2"')],
        ),
    ],
)
def test_drift_is_told(
    older: ScratchServer, statement: str, values: list[tuple[str, str, str]]
) -> None:
    dsn = older.create_database(roles=ROLES)
    migrate.migrate(dsn)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(EVERYTHING)
    before = catalog_at(dsn)
    assert catalog_at(dsn) == before
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(statement.encode())

    differences = find_differences(
        before, catalog_at(dsn), lambda name: name.removeprefix("public."), SCRIPTED_SCHEMA
    )
    assert as_values(differences) == values

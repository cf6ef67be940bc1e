"""Every change of content is found, by the table's name; an unchanged table gives no finding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.hospital.matchers.expectations import assert_passed
from cutover_gates.probes.database.measurement.row_hashes import HashedColumn, hash_input
from cutover_gates.probes.database.rows import rules
from reference import postgres
from tests.integration.database.conftest import BEFORE
from tests.integration.database.contexts import make_database_context
from tests.integration.database.rows.conftest import CutoverDatabase
from tests.integration.database.rows.row_defects import ROW_DEFECTS, TYPES

NAME = "harmed"


@pytest.fixture(scope="module")
def cutover_database(
    server: postgres.Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[CutoverDatabase]:
    """One database with a table for each defect; a snapshot of it is taken."""
    server.copy(BEFORE, NAME)
    with psycopg.connect(server.dsn(NAME), autocommit=True) as connection:
        for statement in (
            *TYPES,
            *(
                statement
                for name, hazard in ROW_DEFECTS.items()
                for statement in hazard.created(name)
            ),
        ):
            connection.execute(statement.encode())
    folder: Path = tmp_path_factory.mktemp("harmed")
    cutover_database = CutoverDatabase(
        server.dsn(NAME), make_database_context(server.dsn(NAME), folder)
    )
    yield cutover_database
    server.drop(NAME)


@pytest.fixture(scope="module")
def clean(cutover_database: CutoverDatabase) -> Assessment:
    """Return the assessment before anything happens."""
    assert_passed(cutover_database.rows.assess_snapshot_capture())
    return cutover_database.rows.assess_contents()


@pytest.fixture(scope="module")
def harmed(cutover_database: CutoverDatabase, clean: Assessment) -> Assessment:
    """Return the assessment after all defects."""
    assert not clean.findings
    cutover_database.run_statements(
        *(statement for name, hazard in ROW_DEFECTS.items() for statement in hazard.harmed(name))
    )
    return cutover_database.rows.assess_contents()


def test_nothing_happened_and_nothing_is_found(clean: Assessment) -> None:
    assert_passed(clean)
    assert set(ROW_DEFECTS) <= set(clean.checked)


@pytest.mark.parametrize("name", ROW_DEFECTS)
def test_it_is_found(name: str, harmed: Assessment) -> None:
    assert name in {finding.subject for finding in harmed.findings}
    assert name not in harmed.checked


def test_only_rows_keys_and_content_are_blamed(harmed: Assessment) -> None:
    blamed = {finding.rule for finding in harmed.findings}
    assert blamed == {rules.ROW_COUNT, rules.KEYS, rules.CONTENT}
    assert {finding.subject for finding in harmed.findings} == set(ROW_DEFECTS)


def test_what_was_left_alone_is_not_accused(harmed: Assessment) -> None:
    assert {"patients", "visits", "documents", "audit_entries"} <= set(harmed.checked)


@pytest.mark.parametrize(
    ("field", "said"),
    [
        (HashedColumn('"x"', 142, "xml"), '(("x")::text COLLATE "C")'),
        (HashedColumn('"x"', 25, "text"), '("x" COLLATE "C")'),
        (HashedColumn('"x"', 1700, "numeric"), '"x", scale("x")'),
        (HashedColumn('"x"', 20, "bigint"), '"x"'),
        (HashedColumn('"x"', 987654, "citext"), '(("x")::text COLLATE "C")'),
    ],
)
def test_what_this_server_cannot_do_is_hashed_as_the_bytes_of_a_dump(
    field: HashedColumn, said: str
) -> None:
    """XML, and collations or types that treat a and A as equal, are not in every build."""
    assert hash_input(field).as_string(None) == said

"""Large objects: their hashes hold across a dump, and groups of them are compared as single ones."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.outside_tables import large_objects
from cutover_gates.probes.database.outside_tables.large_object_comparison import (
    ObjectDifferences,
    find_object_differences,
)
from cutover_gates.probes.database.outside_tables.large_objects import read_large_objects
from cutover_gates.probes.database.outside_tables.model import LargeObjectState
from cutover_gates.probes.database.outside_tables.outside_capture import capture_outside_tables
from reference import postgres, stages
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context

# One of 5 kB, an empty one, one that ends with zeros, and one with a gap of 100 kB in it.
OBJECTS = (
    "SELECT lo_from_bytea(60001, convert_to(repeat('x', 5000), 'UTF8'))",
    "SELECT lo_create(60002)",
    "SELECT lo_from_bytea(60003, decode(repeat('00', 3000), 'hex'))",
    "SELECT lo_from_bytea(60004, 'begin'), lo_put(60004, 100000, 'end')",
    "SELECT lo_from_bytea(60010 + n, convert_to(n::text, 'UTF8')) FROM generate_series(1, 6) n",
)
REFERRING = "CREATE TABLE letters (id int, body text); INSERT INTO letters VALUES (1, '60001')"


@pytest.fixture
def dsn(spare: CopyDatabase) -> str:
    """A database with ten large objects."""
    return spare(BEFORE, *OBJECTS, REFERRING)


def compare(dsn: str, before: LargeObjectState, folder: Path) -> ObjectDifferences:
    """Return the differences of a database from a state."""
    with BoundedReader(make_database_context(dsn, folder)) as reader:
        return find_object_differences(before, reader)


def read(dsn: str, folder: Path) -> LargeObjectState:
    """Return the state of a database."""
    with BoundedReader(make_database_context(dsn, folder)) as reader:
        return read_large_objects(reader)


def run(dsn: str, statement: str) -> None:
    """Run a statement."""
    with psycopg.connect(dsn) as connection:
        connection.execute(statement.encode())


def test_a_dump_and_restore_changes_no_hash(
    dsn: str, server: postgres.Server, tmp_path: Path
) -> None:
    """A gap becomes zeros in a dump, and reads the same."""
    name = dsn.rpartition("/")[2]
    before = read(dsn, tmp_path)
    stages.restore(server, name, stages.back_up(server, name))
    assert before.count == 10
    assert compare(dsn, before, tmp_path) == ObjectDifferences()


@pytest.mark.parametrize("segments", [65536, 3])
def test_differences_are_found_in_single_objects_and_in_groups(
    segments: int, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is gone, one that changed, and one that came since, also where neighbours share."""
    monkeypatch.setattr(large_objects, "MAX_SEGMENTS", segments)
    before = read(dsn, tmp_path)
    run(dsn, "SELECT lo_unlink(60002), lo_put(60016, 0, '9'), lo_from_bytea(60020, 'new')")
    found = compare(dsn, before, tmp_path)
    assert (found.lost, found.changed, found.new, found.unclear) == (1, 1, 1, [])


def test_an_object_among_those_of_before_is_not_proven(
    dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a group a new object may stand for one that is gone."""
    monkeypatch.setattr(large_objects, "MAX_SEGMENTS", 3)
    before = read(dsn, tmp_path)
    run(dsn, "SELECT lo_from_bytea(60005, 'new')")
    assert compare(dsn, before, tmp_path).unclear == [60001]


def test_a_number_in_a_text_column_is_followed_where_it_is_declared(
    dsn: str, tmp_path: Path
) -> None:
    """A framework keeps the OID of a letter as text."""
    declared = {"columns": ["letters.body"]}
    context = make_database_context(dsn, tmp_path, large_objects=declared)
    run(dsn, "SELECT lo_unlink(60001)")
    references = capture_outside_tables(context).references
    assert {name: one.missing for name, one in references.items()} == {"public.letters.body": 1}

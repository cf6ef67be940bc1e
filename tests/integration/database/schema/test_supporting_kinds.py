"""Each kind of object beside the tables is in the catalog, so a change of it can be found."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from cutover_gates.probes.database.schema.rules import SUPPORTING_OBJECTS
from cutover_gates.probes.database.schema.schema_catalog import SUPPORTING_KINDS
from cutover_gates.probes.database.schema.schema_differences import find_differences
from reference import postgres
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.schema.conftest import catalog_at

LAID = """
CREATE TABLE drugs (id int PRIMARY KEY, name text);
CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FOREIGN DATA WRAPPER lake; CREATE SERVER lake FOREIGN DATA WRAPPER lake;
CREATE FOREIGN TABLE old_drugs (id int OPTIONS (x 'y')) SERVER lake OPTIONS (file 'a');
CREATE PUBLICATION out FOR TABLE drugs;
"""
CHANGES = {
    "ALTER TABLE drugs SET TABLESPACE quick": "tablespace of table drugs",
    "ALTER INDEX drugs_pkey SET TABLESPACE quick": "tablespace of index drugs_pkey",
    "CREATE USER MAPPING FOR PUBLIC SERVER lake": "user mapping PUBLIC on lake",
    "ALTER FOREIGN TABLE old_drugs OPTIONS (SET file 'b')": "foreign table old_drugs",
    "ALTER PUBLICATION out SET (publish_generated_columns = stored)": "publication out",
    "CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION note()": "event trigger noted",
    "CREATE TEXT SEARCH PARSER words (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end,"
    " LEXTYPES = prsd_lextype)": "text search parser words",
    "CREATE TEXT SEARCH TEMPLATE plain (LEXIZE = dsimple_lexize)": "text search template plain",
    "INSERT INTO pg_seclabel VALUES ('drugs'::regclass, 'pg_class'::regclass, 2, 'anon', 'MASKED')": (
        "security label anon on column drugs.name"
    ),
}


@pytest.fixture
def tablespace(server: postgres.Server, spare: CopyDatabase) -> Iterator[str]:
    """A database with all of these, and a tablespace that is removed after it."""
    with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
        admin.execute("SET allow_in_place_tablespaces = on")
        admin.execute("CREATE TABLESPACE quick LOCATION ''")
        dsn = spare(BEFORE, LAID)
        yield dsn
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("DROP EVENT TRIGGER noted; DROP TABLE drugs CASCADE")
        admin.execute("DROP TABLESPACE quick")


def test_each_change_is_a_difference(tablespace: str) -> None:
    before = catalog_at(tablespace)
    with psycopg.connect(tablespace, autocommit=True) as connection:
        for statement in CHANGES:
            connection.execute(statement.encode())
    wanted, there = (
        catalog.select_kinds(*SUPPORTING_KINDS) for catalog in (before, catalog_at(tablespace))
    )
    found = find_differences(
        wanted, there, lambda name: name.replace("public.", "", 1), SUPPORTING_OBJECTS
    )
    subjects = {finding.subject for finding in found}
    assert subjects == {*CHANGES.values()}

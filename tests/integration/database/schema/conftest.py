"""A migrated hospital with one object of every kind, to change in tests.

The scripts are applied to a scratch database once a session.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cutover_gates.config.target_access import DatabaseSettings
from cutover_gates.probes.database.context import connect_read_only
from cutover_gates.probes.database.schema.assessments import SchemaAssessments
from cutover_gates.probes.database.schema.schema_catalog import Catalog, read_catalog
from cutover_gates.probes.database.snapshot.capture import take_snapshot
from cutover_gates.probes.database.snapshot.model import Snapshot
from reference import postgres
from tests.integration.database.contexts import make_database_context

SCHEMAS = ("public",)
RICH = "rich"
"""The database `migrated`, and one of everything else."""
EVERYTHING = """
CREATE TYPE triage AS ENUM ('calm', 'urgent');
CREATE DOMAIN record_number AS varchar(32) CHECK (VALUE <> '');
CREATE TYPE dose AS (amount numeric(6, 2), unit text);
CREATE TYPE stay AS RANGE (subtype = timestamptz);
CREATE SEQUENCE tickets;
CREATE TABLE wards (
    id int PRIMARY KEY, name text NOT NULL DEFAULT 'ward', shown text GENERATED ALWAYS AS (upper(name)) STORED, triage triage, number record_number,
    number_text text COLLATE "C", taken tsrange, CONSTRAINT wards_name_check CHECK (name <> ''),
    CONSTRAINT wards_taken_excl EXCLUDE USING gist (taken WITH &&));
CREATE TABLE beds (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ward int CONSTRAINT beds_ward_fkey REFERENCES wards, number int, old_id serial);
INSERT INTO beds (number) VALUES (1), (1);
CREATE INDEX beds_by_number ON beds (number);
CREATE VIEW ward_names AS SELECT id, name FROM wards;
CREATE MATERIALIZED VIEW ward_count AS SELECT count(*) AS wards FROM wards;
CREATE FUNCTION next_bed(bed int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT bed + 1';
REVOKE EXECUTE ON FUNCTION next_bed FROM PUBLIC;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER wards_stamp BEFORE INSERT ON wards FOR EACH ROW EXECUTE FUNCTION stamp();
CREATE TABLE readings (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE readings_2026 PARTITION OF readings FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE places (name text);
CREATE TABLE wings () INHERITS (places);
CREATE STATISTICS wards_both ON id, name FROM wards;
ALTER TABLE wards ENABLE ROW LEVEL SECURITY;
CREATE POLICY wards_known ON wards USING (id > 0);
GRANT SELECT ON wards TO hospital_app;
GRANT UPDATE (name) ON wards TO hospital_app;
GRANT USAGE ON SEQUENCE tickets TO hospital_app;
GRANT EXECUTE ON FUNCTION next_bed TO hospital_app;
GRANT USAGE ON SCHEMA public TO hospital_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO hospital_app;
"""


@pytest.fixture(scope="session")
def rich(server: postgres.Server) -> Catalog:
    """Create the database `rich` and return its catalog."""
    server.copy("migrated", RICH)
    with psycopg.connect(server.dsn(RICH), autocommit=True) as connection:
        connection.execute(EVERYTHING)
    return catalog_at(server.dsn(RICH))


def catalog_at(dsn: str) -> Catalog:
    """Return the catalog as the probe reads it: in a read-only session."""
    with connect_read_only(dsn, DatabaseSettings()) as connection:
        return read_catalog(connection, SCHEMAS)


SchemaAt = Callable[..., SchemaAssessments]


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of shared results: the hospital's scripts are applied once for all tests."""
    return tmp_path_factory.mktemp("once")


@pytest.fixture
def schema_at(tmp_path: Path, applied_once: Path) -> SchemaAt:
    """Return the questions to the schema at a DSN: `schema_at(dsn, **settings)`.

    It is compared with the hospital's own scripts, unless the settings name others.
    """

    def schema(dsn: str, **settings: Any) -> SchemaAssessments:
        context = make_database_context(dsn, tmp_path, **settings)
        return SchemaAssessments(
            context
            if {"locations", "expected_catalog", "tool", "schemas"} & settings.keys()
            else replace(context, cache_folder=applied_once)
        )

    return schema


RecordedAt = Callable[[str], Snapshot]


@pytest.fixture
def recorded_at(tmp_path: Path) -> RecordedAt:
    """Take a snapshot of the database at a DSN, where the test's context looks: `recorded_at(dsn)`."""
    return lambda dsn: take_snapshot(make_database_context(dsn, tmp_path))

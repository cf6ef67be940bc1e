"""In Phase 1 the backup is held against the snapshot: it must be from before the change, and hold
what was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cutover.database.backup import Backups
from cutover.database.rows import Rows
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence import NotProven
from cutover.matchers import sound
from reference import announcement, cutover, postgres
from tests.database.backup import dumps
from tests.database.conftest import BEFORE
from tests.database.rows.conftest import hospital_tables
from tests.database.sites import site_of
from tests.faults import serve

NAME = "backed_up"
Cut = Callable[[], None]


@pytest.fixture
def site(server: postgres.Server, tmp_path: Path) -> Iterator[Site]:
    """Before its cutover, with a snapshot."""
    server.copy(BEFORE, NAME)
    site = site_of(server.dsn(NAME), tmp_path, tables=hospital_tables(), backup={"path": "a.*"})
    Snapshot.take(site)
    yield site
    server.drop(NAME)


@pytest.fixture
def cut(server: postgres.Server) -> Cut:
    """Performs the cutover."""
    return lambda: cutover.perform(server, NAME, announcement.accounts(), serve.HASHING)


def test_a_backup_from_right_before_the_cutover_is_sound(site: Site, cut: Cut) -> None:
    dumps.archive(_dsn(site), site.folder)
    cut()
    sound(Backups(site).taken_before_the_change())
    found = Backups(site).holds_the_old_data()
    sound(found)
    assert "public.patients" in found.examined


def test_a_backup_from_after_the_cutover_is_found(site: Site, cut: Cut) -> None:
    cut()
    dumps.plain(_dsn(site), site.folder)
    assert "it does not hold the old data" in " ".join(
        Backups(site).taken_before_the_change().findings
    )
    assert "is at 6: it is of other data" in " ".join(Backups(site).holds_the_old_data().findings)


def test_a_backup_from_before_the_snapshot_is_found(site: Site, cut: Cut) -> None:
    dumps.age(dumps.plain(_dsn(site), site.folder), 1)
    cut()
    assert "what came in between is not in it" in " ".join(
        Backups(site).taken_before_the_change().findings
    )


def test_a_backup_from_long_before_the_cutover_is_found(site: Site, cut: Cut) -> None:
    dumps.age(dumps.plain(_dsn(site), site.folder), 13)
    cut()
    assert "was made 13.0 h before the migration" in " ".join(
        Backups(site).taken_before_the_change().findings
    )


def test_a_row_that_the_snapshot_knows_and_the_backup_lacks_is_found(site: Site, cut: Cut) -> None:
    with psycopg.connect(_dsn(site)) as connection:
        connection.execute("DELETE FROM documents WHERE id = (SELECT id FROM documents LIMIT 1)")
    dumps.archive(_dsn(site), site.folder)
    cut()
    assert any(
        finding.startswith("documents: the snapshot of ")
        for finding in Backups(site).holds_the_old_data().findings
    )


def test_what_came_between_snapshot_and_backup_is_no_difference(site: Site, cut: Cut) -> None:
    with psycopg.connect(_dsn(site)) as connection:
        connection.execute(
            "INSERT INTO patients SELECT (jsonb_populate_record(NULL::patients, to_jsonb(p) ||"
            " jsonb_build_object('id', gen_random_uuid(), 'mrn', 'NEW-1', 'created_at', now()))).*"
            " FROM (SELECT * FROM patients LIMIT 1) p"
        )
    dumps.archive(_dsn(site), site.folder)
    cut()
    sound(Backups(site).holds_the_old_data())


def test_without_a_snapshot_nothing_is_proven_after_the_change(site: Site, cut: Cut) -> None:
    dumps.archive(_dsn(site), site.folder)
    cut()
    unseen = replace(site, snapshots=site.folder / "none")
    for question in (Backups(unseen).taken_before_the_change, Backups(unseen).holds_the_old_data):
        with pytest.raises(NotProven, match="no snapshot"):
            question()


def test_where_the_settings_say_so_the_backup_is_only_read_to_its_end(site: Site, cut: Cut) -> None:
    path = dumps.archive(_dsn(site), site.folder, "--compress=0")
    cut()
    backup = site.migrations.backup.model_copy(update={"restore": False})
    reading = replace(site, migrations=site.migrations.model_copy(update={"backup": backup}))
    found = Backups(reading).holds_the_old_data()
    sound(found)
    assert found.examined == (path.name,)


def _dsn(site: Site) -> str:
    return site.dsn.get_secret_value()


@pytest.mark.parametrize("hours", [-8, 0, 11])
def test_a_history_in_the_local_time_of_another_zone_is_no_finding(
    site: Site, cut: Cut, hours: int
) -> None:
    """Flyway writes down the local time of its JVM, and no zone: a hospital in Seattle is not sent
    home for that.
    """
    dumps.archive(_dsn(site), site.folder)
    cut()
    _run(
        site,
        f"UPDATE flyway_schema_history SET installed_on = installed_on + interval '{hours} hours'",
    )
    sound(Backups(site).taken_before_the_change())


def test_what_no_zone_explains_is_left_to_the_content(site: Site, cut: Cut) -> None:
    """A backup that may be from after the first script: without a restore nobody can tell."""
    cut()
    _run(
        site,
        "UPDATE flyway_schema_history SET installed_on = installed_on - interval '1 hour' WHERE"
        " installed_rank > 6",
    )
    with psycopg.connect(_dsn(site)) as connection:
        connection.execute("SELECT pg_sleep(0.2)")
    dumps.plain(_dsn(site), site.folder)
    unread = replace(
        site,
        migrations=site.migrations.model_copy(
            update={"backup": site.migrations.backup.model_copy(update={"restore": False})}
        ),
    )
    asked = Backups(unread).taken_before_the_change()
    assert asked.findings or asked.unproven


def test_the_keys_that_differ_are_looked_up_in_the_backup(site: Site, cut: Cut) -> None:
    """The names of two patients are exchanged: both keys are named, no other, and no name."""
    dumps.archive(_dsn(site), site.folder)
    cut()
    with psycopg.connect(_dsn(site)) as connection:
        query = (
            "SELECT id::text, family_name FROM patients WHERE family_name IN ('Smith', 'Nguyễn')"
            " ORDER BY family_name, id"
        )
        two = connection.execute(query).fetchall()
    (one, its), (other, others) = two[0], two[-1]
    _run(
        site,
        f"UPDATE patients SET family_name = CASE id WHEN '{one}' THEN '{others}' ELSE '{its}' END"
        f" WHERE id IN ('{one}', '{other}')",
    )
    (exact,) = (
        finding
        for finding in Rows(site).contents().findings
        if "against the restored backup" in finding
    )
    assert (
        exact
        == f"patients, against the restored backup: changed: {', '.join(sorted([one, other]))}."
    )


def test_without_a_backup_the_segments_are_named(site: Site, cut: Cut) -> None:
    cut()
    _run(
        site,
        "UPDATE patients SET address = 'x' WHERE id = (SELECT id FROM patients ORDER BY id"
        " LIMIT 1)",
    )
    found = Rows(site).contents()
    assert [finding for finding in found.findings if "patients: it differs at segment" in finding]
    assert "no keys from the backup" in found.facts


def _run(site: Site, statement: str) -> None:
    with psycopg.connect(_dsn(site)) as connection:
        connection.execute(statement.encode())

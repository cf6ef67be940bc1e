"""What writes gets a clone of the restored copy; a copy that was written to is not proven."""

from __future__ import annotations

from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.backup import copy_clones, rules
from cutover_gates.probes.database.backup.backup_files import detect_backup
from cutover_gates.probes.database.backup.backup_identity import identify_backup
from cutover_gates.probes.database.backup.copy_clones import open_clones_of_backup
from cutover_gates.probes.database.backup.copy_keeper import LeaseWatch, keep_copy
from cutover_gates.probes.database.backup.kept_copy import CopyShelf, KeeperRequest
from cutover_gates.probes.database.backup.restored_copies import open_restored_backup
from cutover_gates.probes.database.context import DatabaseContext
from tests.findings import raises_gap
from tests.integration.database.backup import dump_files
from tests.integration.database.backup.test_restored_copies import COUNT
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context
from tests.selection import further

_FACTS = """SELECT current_setting('work_mem'), pg_get_userbyid(datdba), datacl::text
    FROM pg_database WHERE datname = current_database()"""
_ON_ITS_DATABASE = "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {}', current_database()); END $$"


@pytest.mark.parametrize(
    "harm",
    [
        "DELETE FROM audit_entries WHERE id = (SELECT min(id) FROM audit_entries)",
        *(
            further(statement)
            for statement in (
                "UPDATE patients SET sex = sex",
                "TRUNCATE documents CASCADE",
                "DROP TABLE documents CASCADE",
                "CREATE TABLE more ()",
                "ALTER TABLE patients ADD COLUMN more int",
                "ALTER TABLE visits DROP CONSTRAINT visits_pkey CASCADE",
                "SELECT lo_create(0)",
                "CREATE FUNCTION more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                "SELECT nextval(pg_get_serial_sequence('audit_entries', 'id'))",
            )
        ),
    ],
)
def test_a_copy_that_a_writer_changed_is_not_proven(gate: DatabaseContext, harm: str) -> None:
    with open_restored_backup(gate) as copy:
        pass
    with psycopg.connect(make_conninfo(copy.dsn, options="")) as connection:
        connection.execute(harm.encode())
    with raises_gap(rules.COPY_UNCHANGED), open_restored_backup(gate):
        pytest.fail("what was it compared with?")


@pytest.mark.thorough
@pytest.mark.parametrize("quiet", ["ANALYZE", "VACUUM", "CHECKPOINT"])
def test_what_changes_no_data_leaves_the_copy_as_it_was(gate: DatabaseContext, quiet: str) -> None:
    with open_restored_backup(gate) as copy:
        pass
    with psycopg.connect(make_conninfo(copy.dsn, options=""), autocommit=True) as connection:
        connection.execute(quiet.encode())
    with open_restored_backup(gate) as again:
        assert again.dsn == copy.dsn


@pytest.mark.thorough
def test_a_large_copy_is_cloned_by_its_files(
    gate: DatabaseContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy_clones, "LARGE_BYTES", 0)
    with open_clones_of_backup(gate) as (clone,), psycopg.connect(clone.dsn) as connection:
        assert connection.execute(COUNT).fetchone() != (0,)


@pytest.mark.thorough
def test_the_clone_of_a_base_backup_has_the_settings_and_the_owner_of_its_database(
    gate: DatabaseContext, spare: CopyDatabase
) -> None:
    dsn = spare(BEFORE, _ON_ITS_DATABASE.format("SET work_mem = ''7MB''"))
    path = dump_files.base(dsn, gate.folder, "--wal-method=stream")
    other = make_database_context(dsn, gate.folder, seconds=200, backup={"path": str(path)})
    context = replace(other, lease=gate.lease)
    with open_restored_backup(context) as copy:
        wanted = _read_facts(copy.dsn)
    with open_clones_of_backup(context) as (clone,):
        assert _read_facts(clone.dsn) == wanted
    assert wanted[0] == "7MB"


def _read_facts(dsn: str) -> tuple[object, ...]:
    with psycopg.connect(dsn) as connection:
        return connection.execute(_FACTS).fetchone() or ()


def test_a_backup_that_is_written_while_it_is_restored_is_not_proven(gate: DatabaseContext) -> None:
    """Half of the copy may be of the old file, and half of the new one."""
    backup = detect_backup(gate.folder / "a.dump")
    shelf = CopyShelf(gate.folder, identify_backup(backup))
    with (gate.folder / "lock").open("w") as lock:
        request = KeeperRequest(gate, backup, gate.folder, shelf.key, "", "one", lock.fileno())
        backup.path.touch()
        with pytest.raises(NotProven) as refused:
            keep_copy(request, shelf, LeaseWatch(gate.folder))
    assert [gap.rule for gap in refused.value.gaps] == [rules.COPY_KEPT]

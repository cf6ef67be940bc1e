"""A snapshot serves as "before" only when it is whole, of this database, young enough, and from
before.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from cutover.database.rows import Rows
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import NotProven
from cutover.matchers.examinations import sound
from tests.database.conftest import BEFORE, MIGRATED, Spare
from tests.database.rows.conftest import Night, Nights
from tests.database.sites import site_of


def test_it_is_read_as_it_was_written(nights: Nights) -> None:
    taken = Snapshot.newest(
        nights("CREATE TABLE t (id int PRIMARY KEY)", "INSERT INTO t VALUES (-5), (7)").site
    )
    again = replace(taken, path=None)
    assert replace(Snapshot.load(again.save(taken.path.parent / "again")), path=None) == again  # type: ignore[union-attr]  # it was loaded
    assert taken.figures.tables["public.t"].counted == 2
    assert taken.migration == "6"


def test_there_is_none(spare: Spare, tmp_path: Path) -> None:
    with pytest.raises(NotProven, match="pytest -m t12 --target tried"):
        Snapshot.newest(site_of(spare(BEFORE), tmp_path))


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _edited(path: Path) -> None:
    plain = json.loads(gzip.decompress(path.read_bytes()))
    plain["content"]["figures"]["tables"]["public.patients"]["counted"] -= 1
    path.write_bytes(gzip.compress(json.dumps(plain).encode()))


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("harm", [_cut_short, _edited, _emptied])
def test_a_damaged_one_is_refused(nights: Nights, harm: Callable[[Path], None]) -> None:
    night = nights()
    harm(_file(night))
    with pytest.raises(NotProven, match="damaged or was edited"):
        night.rows.counts()


def test_an_old_one_is_refused(nights: Nights) -> None:
    night = nights(snapshot_max_age_hours=1)
    _taken_ago(night, hours=1.1)
    with pytest.raises(NotProven, match="more than 1 h ago"):
        night.rows.counts()


def test_one_of_another_target_is_none(nights: Nights) -> None:
    night = nights()
    with pytest.raises(NotProven, match="there is no snapshot of other"):
        Snapshot.newest(replace(night.site, target="other"))


def test_one_of_another_database_is_refused(nights: Nights, spare: Spare) -> None:
    night = nights()
    with pytest.raises(NotProven, match="taken of another database: its database is"):
        Snapshot.newest(replace(night.site, dsn=site_of(spare(BEFORE), night.seen.folder).dsn))


def test_one_of_another_major_version_says_nothing_of_content(nights: Nights) -> None:
    night = nights()
    before = Snapshot.newest(night.site)
    _file(night).unlink()
    replace(before, server={**before.server, "major": 15}).save(night.seen.snapshots)
    sound(night.rows.counts())
    with pytest.raises(NotProven, match="taken on PostgreSQL 15 and this is 18"):
        night.rows.contents()


def test_one_that_was_made_by_other_declarations_is_refused(nights: Nights) -> None:
    night = nights(tables={"patients": {"becomes": {"sex": "lower(sex)"}}})
    night.declares(patients={"becomes": {"sex": "upper(sex)"}})
    with pytest.raises(NotProven, match=r"becomes, .* was changed after the snapshot"):
        night.rows.contents()


def test_one_from_after_the_migration_is_no_before(spare: Spare, tmp_path: Path) -> None:
    site = site_of(spare(MIGRATED), tmp_path)
    Snapshot.take(site)
    with pytest.raises(NotProven, match="taken after the migration 10"):
        Snapshot.newest(site)


def test_the_one_from_before_serves_though_a_later_one_is_there(
    spare: Spare, tmp_path: Path
) -> None:
    site = site_of(spare(MIGRATED), tmp_path)
    late = Snapshot.take(site)
    early = replace(late, migration="6", taken_at=late.taken_at - 60).save(site.snapshots)
    assert Snapshot.newest(site).path == early


def test_one_from_long_after_the_migration_is_no_before_either(
    spare: Spare, tmp_path: Path
) -> None:
    """Whoever lacks a snapshot, and takes one now, would find the database equal to itself: however
    long ago the migration was.
    """
    site = site_of(
        spare(
            MIGRATED,
            "UPDATE flyway_schema_history SET installed_on = installed_on - interval '30 days'",
        ),
        tmp_path,
    )
    Snapshot.take(site)
    with pytest.raises(NotProven, match="taken after the migration 10"):
        Rows(site).contents()


ALEMBIC = (
    "CREATE TABLE alembic_version (version_num varchar(32))",
    "INSERT INTO alembic_version VALUES ('now')",
)


def of_alembic(dsn: str, folder: Path, *migrations: str) -> Site:
    """A site whose history Alembic keeps, with a snapshot of each of these migrations, the newest
    last.
    """
    flyway = site_of(dsn, folder)
    taken = Snapshot.take(flyway)
    for number, migration in enumerate(migrations):
        replace(taken, migration=migration, taken_at=taken.taken_at + number).save(flyway.snapshots)
    return replace(flyway, migrations=flyway.migrations.model_copy(update={"tool": "alembic"}))


def test_one_from_after_the_migration_is_no_before_with_other_tools(
    spare: Spare, tmp_path: Path
) -> None:
    """No script on disk says which migration is the release's; the database does."""
    site = of_alembic(spare(BEFORE, *ALEMBIC), tmp_path, "now")
    with pytest.raises(NotProven, match="taken after the migration now"):
        Snapshot.newest(site)


def test_a_release_without_migrations_has_a_snapshot_too(spare: Spare, tmp_path: Path) -> None:
    site = site_of(spare(MIGRATED), tmp_path, brings_scripts=False)
    Snapshot.take(site)
    sound(Rows(site).contents())


def test_after_a_rollback_it_is_the_one_of_this_very_migration(
    spare: Spare, tmp_path: Path
) -> None:
    """Also where a later snapshot, of the migration that was rolled back, is there."""
    site = of_alembic(spare(BEFORE, *ALEMBIC), tmp_path, "now", "later")
    assert Snapshot.newest(site, rolled_back=True).migration == "now"


def test_a_table_that_cannot_be_read_leaves_no_half_snapshot(nights: Nights) -> None:
    night = nights()
    sound(night.rows.taken())
    with psycopg.connect(night.dsn) as other:
        other.execute("LOCK TABLE visits IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(NotProven, match="lock timeout"):
            night.rows.taken()


def _file(night: Night) -> Path:
    return next(night.seen.snapshots.glob("*.json.gz"))


def _taken_ago(night: Night, hours: float) -> None:
    before = Snapshot.load(_file(night))
    _file(night).unlink()
    replace(before, path=None, taken_at=before.taken_at - hours * 3600).save(night.seen.snapshots)

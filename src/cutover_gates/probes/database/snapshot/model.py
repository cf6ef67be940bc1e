"""What a target's database was like at one moment: kept in a file, to hold the database against it
later.

    taken = Snapshot.take(site)        # before the cutover: `pytest -m t12`
    before = Snapshot.newest(site)     # in every gate after it
    before.figures.tables["public.patients"].counted

A file is `<UTC>.json.gz` in `site.snapshots`, with a SHA-256 of its content inside: one that was
cut short or edited is refused. It holds counts, hashes, keys' bounds and the catalog; never a row's
content.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cutover_gates.core.evidence.assessment import NotProven
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.util.files import write_atomically

if TYPE_CHECKING:  # rows are held against snapshots, so that package imports this module
    from cutover_gates.probes.database.measurement.table_stats import DatabaseStats

FORMAT = 1
SUFFIX = ".json.gz"
_NAME = "%Y%m%dT%H%M%S.%fZ"


@dataclass(frozen=True)
class Snapshot:
    """`taken_at` is a `time.time()`, `migration` the newest one applied then, `catalog` a
    `Catalog.as_plain()`, `history` the history's facts.

    `server`: version, major, system_identifier, database, encoding, collation, extensions.
    `left_out`: what stands in the schemas and is no table that holds rows of its own, with what it
    is. `declarations_digest`: a digest of what was declared of the tables' content.
    """

    target: str
    release: str
    migration: str | None
    taken_at: float
    server: Mapping[str, Any]
    figures: DatabaseStats
    declarations: str
    catalog: Mapping[str, Any] | None = None
    history: Mapping[str, Any] | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    path: Path | None = None

    @property
    def taken_at_text(self) -> str:
        """When, for a reader."""
        return f"{datetime.fromtimestamp(self.taken_at, UTC):%Y-%m-%d %H:%M:%S} UTC"

    def save(self, folder: Path) -> Path:
        """Write it down as a whole or not at all; gives the file."""
        content = {**vars(self), "figures": self.figures.as_plain()}
        del content["path"]
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{datetime.fromtimestamp(self.taken_at, UTC).strftime(_NAME)}{SUFFIX}"
        document = {"format": FORMAT, "sha256": _digest(content), "content": content}
        return write_atomically(path, gzip.compress(json.dumps(document).encode(), mtime=0))

    @classmethod
    def load(cls, path: Path) -> Snapshot:
        """Raises `NotProven` for a file that is not whole."""
        from cutover_gates.probes.database.measurement.table_stats import DatabaseStats

        try:
            plain = json.loads(gzip.decompress(path.read_bytes()))
            content = plain["content"]
            whole = plain["format"] == FORMAT and plain["sha256"] == _digest(content)
            found = cls(
                **{**content, "figures": DatabaseStats.from_plain(content["figures"]), "path": path}
            )
        except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            raise NotProven(
                f"the snapshot {path.name} is damaged or was edited, so nothing can be compared"
                " with it: take another, or bring back the file as it was written"
            )
        return found

    @classmethod
    def take(cls, site: DatabaseContext) -> Snapshot:
        """Measure everything, write it down, and read it back.

        Raises `NotProven`, `SettingsError`, `DatabaseSilent`.
        """
        from cutover_gates.probes.database.snapshot.capture import capture_snapshot

        return cls.load(capture_snapshot(site).save(site.snapshots))

    @staticmethod
    def find_newest(site: DatabaseContext, *, rolled_back: bool = False) -> Snapshot:
        """The snapshot that this target's database is to be compared with: the newest that was
        taken before its newest migration.

        `rolled_back`: the database is meant to be what it was, and a restore may have brought it to
        another server. Then it is the newest of the very migration that the database is at. Raises
        `NotProven`, with what to do, where there is none, and for one that is too old, or of
        another database.
        """
        from cutover_gates.probes.database.identity import (
            find_newest_script,
            read_applied_migration,
            read_server_facts,
        )

        with site.connect() as connection:
            now, applied = read_server_facts(connection), read_applied_migration(site, connection)
        found = _choose_snapshot(site, applied, find_newest_script(site), rolled_back=rolled_back)
        for fact in ("database",) if rolled_back else ("system_identifier", "database"):
            if found.server[fact] != now[fact]:
                raise NotProven(
                    "the newest snapshot was taken of another database: its"
                    f" {fact.replace('_', ' ')} is {found.server[fact]}, and here it is"
                    f" {now[fact]}. {snapshot_instruction(site)}"
                )
        return found


def snapshot_instruction(site: DatabaseContext) -> str:
    """What whoever lacks a snapshot has to do."""
    return f"Take one before the migration: pytest -m t12 --target {site.target}"


def declarations_digest(site: DatabaseContext) -> str:
    """A digest of what a snapshot evaluates: a snapshot made with other declarations holds other
    figures.
    """
    said = {
        name: change.model_dump(include={"rows_become", "becomes", "drops", "grows_above"})
        for name, change in site.migrations.tables.items()
    }
    return _digest({name: change for name, change in said.items() if any(change.values())})


def _choose_snapshot(
    site: DatabaseContext, applied: str | None, on_disk: str | None, *, rolled_back: bool
) -> Snapshot:
    """After a rollback, and while scripts wait to be run: the newest of this migration.

    After the migration: the newest of another one.

    Where there is none of the first kind (a script failed, or the history was tampered with) it is
    the newest of all, for what became of the data is asked all the more. Where there is none of the
    second, it is a snapshot from after the migration, which would find the database equal to
    itself.
    """
    fresh = list(_iter_fresh_snapshots(site))
    if not fresh:
        raise NotProven(
            f"there is no snapshot of {site.target} to compare with. {snapshot_instruction(site)}"
        )
    as_it_is = rolled_back or (on_disk is not None and applied != on_disk)
    fitting = [found for found in fresh if (found.migration == applied) == as_it_is]
    if not fitting and not as_it_is and site.migrations.brings_scripts:
        raise NotProven(
            f"the only snapshot, of {fresh[0].taken_at_text}, was taken after the migration {applied}, so"
            f" it says nothing of what was there before. {snapshot_instruction(site)}. For a release that"
            " brings no migration, say so: migrations.brings_scripts = false"
        )
    return (fitting or fresh)[0]


def _iter_fresh_snapshots(site: DatabaseContext) -> Iterator[Snapshot]:
    """This target's snapshots that are not too old, the newest first.

    Raises `NotProven` where all are, and for one that is not whole.
    """
    hours, fitting = site.migrations.snapshot_max_age_hours, 0
    for path in sorted(site.snapshots.glob(f"*{SUFFIX}"), reverse=True):
        found = Snapshot.load(path)
        if found.target != site.target:
            continue
        if time.time() - found.taken_at <= hours * 3600:
            fitting += 1
            yield found
        elif not fitting:
            raise NotProven(
                f"the newest snapshot was taken at {found.taken_at_text}, more than {hours:g} h ago"
                f" (snapshot_max_age_hours). {snapshot_instruction(site)}"
            )
        else:
            return


def _digest(content: Any) -> str:
    return hashlib.sha256(
        json.dumps(content, sort_keys=True, separators=(",", ":"), default=dict).encode()
    ).hexdigest()

"""The record of a replay: the figures of what the scripts made, carried from one gate to another.

It holds no content of a row. It is bound to the hashes of the backup and of the scripts.
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.core.findings import gap_error
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.migration_scripts import load_scripts
from cutover_gates.probes.database.measurement.table_stats import TableStats
from cutover_gates.probes.database.replay import rules
from cutover_gates.probes.database.snapshot.model import content_digest
from cutover_gates.util.files import write_atomically

_FOLDER = "replays"
_FORMAT = 1
_DAMAGE_ERRORS = (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, AttributeError)
_SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class ReplayedTable:
    """What the scripts made of one table.

    `figures`: in a new table of all columns, else of the new ones, and (`expected`) of the old
    ones. `unstable`: the columns whose values differ each time; they are in no sum. `cannot`: why
    nothing of the table can be compared. `reads`: what the scripts may have given it that is the
    same in every replay, and another on the target. `is_whole`: the table was there before, is
    declared to get or lose rows, and all its columns are compared.
    """

    is_new: bool
    figures: TableStats
    unstable: tuple[str, ...] = ()
    cannot: str | None = None
    reads: str | None = None
    is_whole: bool = False

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        return {**vars(self), "unstable": list(self.unstable), "figures": self.figures.to_plain()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ReplayedTable:
        """Return what `to_plain` wrote."""
        figures = TableStats.from_plain(plain["figures"])
        told = plain["cannot"], plain.get("reads"), plain.get("is_whole", False)
        return cls(plain["is_new"], figures, tuple(plain["unstable"]), *told)


@dataclass(frozen=True)
class ReplayRecord:
    """What the scripts made of a backup.

    `scripts` and `backup` (name, SHA-256) are what it is bound to. `found`: where each table or
    column that the scripts take away stands whole again, by its name. `made_at` is a `time.time()`.
    """

    target: str
    backup: Mapping[str, str]
    scripts: Mapping[str, str]
    made_at: float
    seconds: float
    tables: Mapping[str, ReplayedTable]
    found: Mapping[str, str] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Return JSON-able values; `from_plain` reads them."""
        tables = {name: table.to_plain() for name, table in self.tables.items()}
        return {**vars(self), "tables": tables}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ReplayRecord:
        """Return what `to_plain` wrote."""
        tables = {name: ReplayedTable.from_plain(one) for name, one in plain["tables"].items()}
        return cls(**{**plain, "tables": tables})

    @property
    def label(self) -> str:
        """The name of the replay in findings."""
        moment = datetime.fromtimestamp(self.made_at, UTC)
        return f"the replay of {moment:%Y-%m-%d %H:%M:%S} UTC on {self.backup['name']}"

    @property
    def new_tables(self) -> frozenset[str]:
        """The tables that the scripts make."""
        return frozenset(name for name, table in self.tables.items() if table.is_new)

    @property
    def whole_tables(self) -> frozenset[str]:
        """The tables of before that the scripts give other rows, and that are compared whole."""
        return frozenset(
            name for name, table in self.tables.items() if table.is_whole and not table.cannot
        )


def save_record(context: DatabaseContext, record: ReplayRecord) -> Path:
    """Write a record into a new file beside the snapshots, and return the file."""
    content = record.to_plain()
    plain = {"format": _FORMAT, "sha256": content_digest(content), "content": content}
    folder = context.snapshots / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.fromtimestamp(record.made_at, UTC):%Y%m%dT%H%M%S.%fZ}.json.gz"
    return write_atomically(path, gzip.compress(json.dumps(plain).encode(), mtime=0))


def find_newest_record(context: DatabaseContext) -> ReplayRecord | None:
    """Return the newest record of the target; None where there is none that is recent.

    Raise `NotProven` for one that was edited, or that is of other scripts.
    """
    paths = sorted((context.snapshots / _FOLDER).glob("*.json.gz"))
    if not paths:
        return None
    record = _load_record(paths[-1])
    age_hours = (time.time() - record.made_at) / _SECONDS_PER_HOUR
    if record.target != context.target or age_hours > context.migrations.snapshot_max_age_hours:
        return None
    _require_same_scripts(context, record)
    return record


def _load_record(path: Path) -> ReplayRecord:
    try:
        plain = json.loads(gzip.decompress(path.read_bytes()))
        if plain["format"] == _FORMAT and plain["sha256"] == content_digest(plain["content"]):
            return ReplayRecord.from_plain(plain["content"])
    except _DAMAGE_ERRORS:
        pass
    raise gap_error(rules.RECORD_INTACT, path.name, "the file is damaged or was edited")


def _require_same_scripts(context: DatabaseContext, record: ReplayRecord) -> None:
    there = {script.file_name: script.sha256 for script in load_scripts(context).scripts}
    for name, digest in record.scripts.items():
        if there.get(name) != digest:
            reason = f"{name} is another script now" if name in there else f"{name} is gone"
            raise gap_error(rules.RECORD_INTACT, record.label, reason)

"""The content of a snapshot: what a target's database was like at one moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cutover_gates.config.table_changes import TableChange
from cutover_gates.config.table_moves import qualify_name
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.history.history_record import HistoryRecord
from cutover_gates.probes.database.identity import ServerFacts
from cutover_gates.probes.database.measurement.kept_rows import KeptRows
from cutover_gates.probes.database.measurement.table_stats import DatabaseStats
from cutover_gates.probes.database.moves.moved_rows import MovedRows
from cutover_gates.probes.database.outside_tables.model import OutsideTables
from cutover_gates.probes.database.schema.schema_catalog import Catalog

# The settings of a table that a snapshot evaluates.
_DECLARED_CONTENT = {"rows_become", "becomes", "drops", "grows_above"}
# Those that came later: the digest of a declaration without them stays what it was.
_LATER_CONTENT = {"ignores"}


@dataclass(frozen=True)
class Snapshot:
    """Counts, hashes, bounds of keys and the catalog of a database. It holds no content of a row.

    `taken_at` is a `time.time()`, `migration` the newest one that was applied. `catalog` and
    `history` are None in a snapshot that holds none. `left_out`: relations in the schemas that hold
    no rows of their own, with their kind. `declarations`: the `declarations_digest` of the settings
    in force. `moves`: what the declared queries (`from`) gave. `declared`: what they said of each
    table, by `schema.name`. `kept_rows`: the hash of each row of the tables in which people correct
    rows. `defects`: rule and subject of what was wrong with its sequences already. `hash_probe`:
    how this server hashes (`read_hash_probe`). `outside`: what stands
    outside of tables; None where an older release of this tool took the snapshot. `path`: the
    file, once the snapshot was loaded from one.
    """

    target: str
    release: str
    migration: str | None
    taken_at: float
    server: ServerFacts
    figures: DatabaseStats
    declarations: str
    catalog: Catalog | None = None
    history: HistoryRecord | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    moves: MovedRows = field(default_factory=MovedRows)
    declared: Mapping[str, Mapping[str, Any]] | None = None
    kept_rows: Mapping[str, KeptRows] = field(default_factory=dict)
    defects: Sequence[tuple[str, str]] = ()
    hash_probe: str = ""
    outside: OutsideTables | None = None
    path: Path | None = None

    def to_plain(self) -> dict[str, Any]:
        """Return the content of the snapshot's file; `from_plain` reads it."""
        plain = {
            **vars(self),
            "server": self.server.to_plain(),
            "figures": self.figures.to_plain(),
            "catalog": self.catalog.as_plain() if self.catalog else None,
            "history": self.history.as_plain() if self.history else None,
            "moves": self.moves.to_plain(),
            "kept_rows": {name: rows.to_plain() for name, rows in self.kept_rows.items()},
            "outside": self.outside.to_plain() if self.outside else None,
        }
        del plain["path"]
        return plain

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any], path: Path) -> Snapshot:
        """Return the snapshot that `to_plain` wrote, which was loaded from `path`."""
        catalog, history, outside = plain["catalog"], plain["history"], plain.get("outside")
        typed = {
            "server": ServerFacts.from_plain(plain["server"]),
            "figures": DatabaseStats.from_plain(plain["figures"]),
            "catalog": None if catalog is None else Catalog.from_plain(catalog),
            "history": None if history is None else HistoryRecord.from_plain(history),
            "moves": MovedRows.from_plain(plain["moves"]) if "moves" in plain else MovedRows(),
            "kept_rows": {
                name: KeptRows.from_plain(rows) for name, rows in plain.get("kept_rows", {}).items()
            },
            "defects": [(rule, subject) for rule, subject in plain.get("defects", ())],
            "outside": None if outside is None else OutsideTables.from_plain(outside),
            "path": path,
        }
        return cls(**{**plain, **typed})

    @property
    def taken_at_text(self) -> str:
        """The time of the snapshot as text, in UTC."""
        return f"{datetime.fromtimestamp(self.taken_at, UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def label(self) -> str:
        """The name of the snapshot in findings."""
        return f"the snapshot of {self.taken_at_text}"

    @property
    def holds_rows(self) -> bool:
        """True where any table had a row."""
        return any(table.counted for table in self.figures.tables.values())

    @property
    def holds_contents(self) -> bool:
        """True where the content of any row was hashed."""
        return any(table.sums and table.sums.rows for table in self.figures.tables.values())

    def missing_reason(self, table: str) -> str:
        """The reason why a table was not measured to its end when the snapshot was taken."""
        return self.figures.unproven.get(table, "the reason was not recorded")


def declarations_digest(context: DatabaseContext) -> str:
    """Return a digest of the declarations that a snapshot evaluates.

    A snapshot that was made with other declarations holds other figures.
    """
    declared = {name: _declared_content(change) for name, change in _tables(context)}
    return content_digest({name: content for name, content in declared.items() if content})


def dump_declarations(context: DatabaseContext) -> dict[str, dict[str, Any]]:
    """Return what the settings say of each table, by `schema.name`, as JSON-able values."""
    first = context.migrations.schemas[0]
    return {
        # A renamed table is known by its name of before.
        qualify_name(change.was or name, first): change.model_dump(
            mode="json", exclude_defaults=True
        )
        for name, change in _tables(context)
    }


def _tables(context: DatabaseContext) -> list[tuple[str, TableChange]]:
    return list(context.migrations.tables.items())


def _declared_content(change: TableChange) -> dict[str, Any]:
    content = change.model_dump(include=_DECLARED_CONTENT)
    later = change.model_dump(include=_LATER_CONTENT, exclude_defaults=True)
    return {**content, **later} if any({**content, **later}.values()) else {}


def content_digest(content: Any) -> str:
    """Return the SHA-256 of JSON-able content, independent of the order of its keys."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), default=dict)
    return hashlib.sha256(text.encode()).hexdigest()

"""The record of rows that came after the snapshot, beside its file: what each gate counted."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cutover_gates.probes.database.snapshot.model import Snapshot

SAME_GATE_SECONDS = 300.0
"""What was recorded within so many seconds is of one gate."""
MOST_MOMENTS = 50


@dataclass(frozen=True)
class NewRows:
    """The rows of one table above the mark: their number, and up to `MAX_KEYS` of their keys."""

    rows: int
    keys: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return the values for the evidence and the record's file; `from_plain` reads them."""
        return {"rows": self.rows, "keys": list(self.keys)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> NewRows:
        """Return what `to_plain` wrote."""
        return cls(plain["rows"], tuple(plain["keys"]))


NewRowsByTable = dict[str, NewRows]


@dataclass(frozen=True)
class NewRowsRecord:
    """The new rows that a gate recorded before a restore, and when (`time.time()`).

    `surplus`: the number of rows above what the migration is declared to leave, by table, where no
    column tells which of them are new. `earlier` are the numbers of new rows at each moment when a
    gate recorded them: what people wrote before and after a step.
    """

    at: float | None = None
    tables: Mapping[str, NewRows] | None = None
    surplus: Mapping[str, int] = field(default_factory=dict)
    earlier: Sequence[Mapping[str, Any]] = ()

    def to_plain(self) -> dict[str, Any]:
        """Return the content of the record's file; empty where nothing was recorded."""
        if self.tables is None:
            return {}
        came = tables_to_plain(self.tables)
        kept = [dict(one) for one in self.earlier]
        return {"at": self.at, "came": came, "surplus": dict(self.surplus), "earlier": kept}

    @classmethod
    def load(cls, path: Path) -> NewRowsRecord:
        """Return the record in a file; an empty one where there is none or it cannot be read."""
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            came = {name: NewRows.from_plain(rows) for name, rows in plain["came"].items()}
            return cls(plain["at"], came, plain.get("surplus", {}), plain.get("earlier", ()))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls()


def tables_to_plain(tables: Mapping[str, NewRows]) -> dict[str, Any]:
    """Return the new rows of each table as JSON-able values."""
    return {name: rows.to_plain() for name, rows in tables.items()}


def add_moment(
    earlier: Sequence[Mapping[str, Any]], moment: Mapping[str, Any]
) -> list[Mapping[str, Any]]:
    """Return the moments with one more; that of the same gate is replaced."""
    kept = [one for one in earlier if moment["at"] - one["at"] > SAME_GATE_SECONDS]
    return [*kept, moment][-MOST_MOMENTS:]


def describe_moments(before: Snapshot) -> list[dict[str, Any]]:
    """Return how many rows had come since the snapshot at each gate, by table, this one included.

    It proves the writes of people by number; those of the watcher are compared field by field.
    """
    moments = NewRowsRecord.load(record_path(before)).earlier
    return [{"at": format_second(one["at"]), "rows": dict(one["rows"])} for one in moments]


def format_second(at: float) -> str:
    """Return a moment (`time.time()`) to the second."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def record_path(before: Snapshot) -> Path:
    """Return the file of the record, beside the snapshot."""
    assert before.path is not None  # every snapshot that is compared was loaded from a file
    return before.path.with_name(f"{before.path.name.split('.json')[0]}.since.json")

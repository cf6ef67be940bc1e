"""The lines of a ledger file, and what they say about records that remain on the target."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAME_FIELDS = ("family_name", "given_name")
REMOVAL_BEGUN, REMOVAL_REFUSED = "removing", "kept"
"""What a line says before a record is removed, and after the target refused to."""
ALREADY_GONE = "already gone"
"""How a record is retired that the run wanted to remove, and that was not there."""


@dataclass(frozen=True)
class LedgerBinding:
    """The system that a ledger speaks of: its ids mean nothing anywhere else.

    `system` names the database (identifier of its cluster, and its name), or where none is given
    what the API calls itself. It is empty where neither is known.
    """

    address: str
    system: str = ""


def read_binding(lines: list[dict[str, Any]]) -> LedgerBinding | None:
    """Return the binding in the first line of a ledger; None where an older version wrote it."""
    first = lines[0] if lines else {}
    if not first.get("address"):
        return None
    return LedgerBinding(str(first["address"]), str(first.get("system", "")))


@dataclass
class RemainingRecord:
    """One record on the target.

    `id` is None where no answer to its creation ever came. Then it must be looked up by `key` (a
    patient's MRN, a visit's reason, a document's file name) and `hints` (what else was sent).
    `removal_begun` says that the run was about to remove it: it may be gone by the run's own hand.
    """

    kind: str
    key: str
    run: str
    id: str | None = None
    patient_id: str | None = None
    hints: Mapping[str, Any] = field(default_factory=dict)
    entry: int = 0
    further_names: list[Mapping[str, str]] = field(default_factory=list)
    removal_begun: bool = False

    def names(self) -> list[Mapping[str, str]]:
        """Return every family and given name that the run may have given a patient.

        An empty mapping stands for names that the run does not know: a documented example was sent.
        """
        first = {name: str(self.hints[name]) for name in NAME_FIELDS if name in self.hints}
        return [first, *self.further_names]

    def is_same_record(self, other: RemainingRecord) -> bool:
        """Return whether both entries speak of one record: a retry under one idempotency key."""
        if other.entry == self.entry:
            return True
        return bool(self.id) and (other.kind, other.id) == (self.kind, self.id)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the readable lines.

    A torn line (the run was killed while it wrote) announces a request that was never sent.
    """
    lines = []
    for raw in path.read_bytes().split(b"\n"):
        try:
            line = json.loads(raw)
        except ValueError:
            continue
        if isinstance(line, dict):
            lines.append(line)
    return lines


def replay(lines: list[dict[str, Any]]) -> dict[int, RemainingRecord]:
    """Return the records that remain after `lines`, by the number of their entry."""
    run = str(lines[0].get("run", "")) if lines else ""
    remaining: dict[int, RemainingRecord] = {}
    for line in lines:
        entry, do = line.get("entry", 0), line.get("do")
        if do == "intend":
            remaining[entry] = RemainingRecord(
                line["kind"],
                line["key"],
                run,
                patient_id=line.get("patient_id"),
                hints=line.get("hints", {}),
                entry=entry,
            )
        elif do == "done" and entry in remaining:
            remaining[entry].id = line["id"]
            remaining[entry].patient_id = line.get("patient_id")
        elif do == "renamed":
            add_names(remaining.values(), line["kind"], line["id"], line["names"])
        elif do in (REMOVAL_BEGUN, REMOVAL_REFUSED) and entry in remaining:
            remaining[entry].removal_begun = do == REMOVAL_BEGUN
        elif do in ("refused", "retired"):
            remaining.pop(entry, None)
    return remaining


def find_removed(lines: Iterable[Mapping[str, Any]]) -> set[tuple[str, str]]:
    """Return kind and id of each record that the run removed, or may have removed when it ended."""
    removed: set[tuple[str, str]] = set()
    for line in lines:
        do, key = line.get("do"), (str(line.get("kind")), str(line.get("id")))
        if do == REMOVAL_REFUSED or (do == "retired" and line.get("how") == ALREADY_GONE):
            removed.discard(key)
        elif do in (REMOVAL_BEGUN, "retired"):
            removed.add(key)
    return removed


def add_names(
    records: Iterable[RemainingRecord], kind: str, record_id: str, names: Mapping[str, str]
) -> bool:
    """Add names that the run is about to give a record. Return whether that was news."""
    new = [
        record
        for record in records
        if (record.kind, record.id) == (kind, record_id) and names not in record.names()
    ]
    for record in new:
        record.further_names.append(names)
    return bool(new)


def deduplicate(records: Iterable[RemainingRecord]) -> list[RemainingRecord]:
    """Return each record once, the newest entry first."""
    known: set[tuple[str, str]] = set()
    unique = []
    for record in sorted(records, key=lambda record: -record.entry):
        if record.id is None or (record.kind, record.id) not in known:
            unique.append(record)
            known.add((record.kind, record.id or ""))
    return unique

"""Compares a visit or document on the target with the entry that a run's ledger has of it."""

from __future__ import annotations

from cutover_gates.core.evidence.ledger_lines import RemainingRecord
from cutover_gates.hospital import Document, Visit

MRN_TAG_CHARACTERS = 18
"""Characters of the run's tag with which every record number of a run begins.

With 13 more the default dialect's 32 fit.
"""


def carries_tag(record: RemainingRecord, entry: Visit | Document) -> bool:
    """Return whether a record shows the run's tag by itself.

    A target without referential integrity keeps what a run made for a patient who never was.
    """
    shown = entry.reason if isinstance(entry, Visit) else entry.file_name
    return record.run[:MRN_TAG_CHARACTERS] in (shown or "")


def find_entry_difference(record: RemainingRecord, entry: Visit | Document) -> str:
    """Return why a visit or document is not the entry's; empty where it is."""
    if entry.patient_id != record.patient_id:
        return "the id leads to another patient's record now"
    if isinstance(entry, Visit):
        # A target that keeps no reason gives none.
        same = entry.reason in (record.key, None)
        return "" if same else "the visit with this id has another reason than the run gave"
    name = record.key.replace("\\", "/").rpartition("/")[2]
    same = entry.file_name in (record.key, name)
    return "" if same else "the document with this id has another name than the run gave"

"""The rules of acknowledged writes: what a target acknowledged is stored as it was sent."""

from __future__ import annotations

from cutover_gates.core.findings import Rule

PATIENT_STORED = Rule(
    "WRITE-001",
    "Every acknowledged patient is stored with the last values that were sent",
    "A desk that got an answer does not write the patient down again: the values are lost.",
    "Find out why the write was acknowledged and not stored. Do not go live with it.",
    waivable=False,
)
VISIT_STORED = Rule(
    "WRITE-002",
    "Every acknowledged visit is stored with its patient, its reason and its last move",
    "A patient who went home still has a bed, or a patient in a bed is not known to be there.",
    "Find out why the move was acknowledged and not stored. Do not go live with it.",
    waivable=False,
)
DOCUMENT_STORED = Rule(
    "WRITE-003",
    "Every acknowledged document is stored with its description and all its bytes",
    "The paper is shredded after the upload: a document that is cut is lost.",
    "Find out why the upload was acknowledged and not stored whole. Do not go live with it.",
    waivable=False,
)
NUMBER_GIVEN_ONCE = Rule(
    "WRITE-004",
    "No record number was acknowledged for two patients",
    "Results and orders that name the number reach the wrong patient.",
    "Restore the unique constraint on the record number, and merge the patients who share one.",
    waivable=False,
)
WRITES_COMPARED = Rule(
    "WRITE-005",
    "Every write that the run got acknowledged was read again at the end",
    "What was not read again may be lost.",
    "Make the database or the API readable for the run's accounts, and run again.",
)
STORED_RULES = {"patient": PATIENT_STORED, "visit": VISIT_STORED, "document": DOCUMENT_STORED}
"""The rule of each kind of record."""

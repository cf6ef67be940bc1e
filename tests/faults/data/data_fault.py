"""A fault of the data: what a migration, a restore or a hand in the database may do wrong, and the
one item of the plan that must catch it.
"""

from __future__ import annotations

from typing import ClassVar

from tests.faults.data.data_environment import DataEnvironment
from tests.faults.data.hospital_stages import REFERENCE
from tests.faults.fault import Fault
from tests.faults.results import Results

NO_DEFECT = frozenset({"passed", "waived", "not applicable"})


class DataFault(Fault):
    """A subclass's name says the harm, its docstring who would suffer what.

    `before` is what the hospital was like before
    its cutover, where it must be other than it is (snapshot, backup and migration are then made
    anew). `hospital` names the hospital that is migrated (`tests.faults.data.hospital_stages`).
    `statements` do the harm, after the migration; a fault that harms something else does it in
    `harm`. `undo` takes back what belongs to the whole server.
    With `starts_previous` the gate of t24 starts the release before.
    """

    follows = frozenset({"data-validation"})
    gate: ClassVar[str] = "phase1"
    before: ClassVar[str | None] = None
    hospital: ClassVar[str] = REFERENCE
    statements: ClassVar[str] = ""
    undo: ClassVar[str] = ""
    starts_previous: ClassVar[bool] = False

    def harm(self, ground: DataEnvironment) -> None:
        """Do the harm."""
        if self.statements:
            ground.run(self.statements)

    @classmethod
    def is_innocent(cls, results: Results, name: str) -> bool:
        return results.outcome(name) in NO_DEFECT

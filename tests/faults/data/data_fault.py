"""A fault of the data: what a migration, a restore or a hand in the database may do wrong, and the
one item of the plan that must catch it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from tests.faults.data.data_environment import DataEnvironment


class DataFault:
    """A subclass's name says the harm, its docstring who would suffer what.

    `item` must catch it at `gate`.

    `also` maps the items that cannot help failing, too, to the reason why; it is empty wherever it
    can be. `outcome` is what the item must come to. `before` is what the hospital was like before
    its cutover, where it must be other than it is (snapshot, backup and migration are then made
    anew). `statements` do the harm, after the migration; a fault that harms something else does it
    in `harm`. `says` is a word that the verdict must say of the item: what is wrong, or where.
    """

    item: ClassVar[str]
    gate: ClassVar[str] = "phase1"
    also: ClassVar[Mapping[str, str]] = {}
    outcome: ClassVar[str] = "failed"
    before: ClassVar[str | None] = None
    statements: ClassVar[str] = ""
    says: ClassVar[str] = ""

    def harm(self, ground: DataEnvironment) -> None:
        """Do it."""
        if self.statements:
            ground.run(self.statements)

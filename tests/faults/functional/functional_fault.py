"""The base of the faults that the gates of functions must catch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, ClassVar

from tests.faults.fault import EVERYTHING, Defect, Fault

if TYPE_CHECKING:  # a hospital's process needs no results
    from tests.faults.results import Results

NO_BLAME = ("passed", "not applicable")
STORY = "critical-paths"
"""Goes through all rooms in one story, so it may stumble over whatever is wrong in one of them."""
WRITES = "acknowledged-writes"
"""Compares everything that the run wrote, so it may find whatever a function stores wrongly."""


def declare_absent(names: Sequence[str]) -> str:
    """Return the table that declares these capabilities absent, empty for none."""
    fact = f'{{ value = false, reason = "it is so", by = "Ada Example", at = {date.today()} }}'
    lines = [f"{name} = {fact}" for name in names]
    return "\n".join(["[targets.tried.capabilities]", *lines, ""]) if lines else ""


class FunctionalFault(Defect, Fault):
    """A defect of a hospital's functions.

    It is caught where a check of its item found something. With `also = EVERYTHING` it is enough
    that the item is not passed. `waived` are items that a person has decided to go without, and
    `absent` capabilities that the settings declare absent: the gate must say NO-GO all the same.
    `staff` is a table of roles as TOML. With `outage` the gate takes the database away for a while.
    """

    follows = frozenset({STORY, WRITES})
    waived: ClassVar[tuple[str, ...]] = ()
    staff: ClassVar[str] = ""
    outage: ClassVar[bool] = False
    absent: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def more_settings(cls) -> str:
        """Return what the settings of the target say besides, as TOML."""
        return cls.staff + declare_absent(cls.absent)

    @classmethod
    def excused_names(cls) -> frozenset[str]:
        return super().excused_names() | {*cls.waived}

    @classmethod
    def find_own_problems(cls, results: Results) -> list[str]:
        outcome, checks = results.outcome(cls.item), results.checks_of(cls.item)
        if cls.also is EVERYTHING:
            return [f"{cls.item} is passed"] if outcome == "passed" else []
        if "failed" in checks.values():
            return []
        return [f"no check of {cls.item} found anything (the item is {outcome})"]

    @classmethod
    def is_innocent(cls, results: Results, name: str) -> bool:
        """Tell whether the item passed, or failed by checks only that it shares with `item`."""
        if results.outcome(name) == "passed" or name in cls.waived:
            return True
        blamed = {
            check for check, outcome in results.checks_of(name).items() if outcome not in NO_BLAME
        }
        return bool(blamed) and blamed <= results.checks_of(cls.item).keys()

"""The base of all faults: a seeded defect with a name, and the item of the plan that must catch it."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar

from starlette.types import ASGIApp

from cutover_gates.core.findings import Rule
from reference.settings import Settings

if TYPE_CHECKING:  # a hospital's process needs no results
    from tests.faults.results import Results

EVERYTHING: Mapping[str, str] = {"*": "nothing of this hospital can be used"}
"""For `also`: any item may fail beside the one that is named."""


class Fault:
    """A seeded defect.

    A subclass's name says the harm, its docstring what a patient or a nurse would suffer.

    `item` must catch it at `gate`: it must come to `outcome`, with a finding (or a gap) of one of
    the rules `breaks` whose values, written as "subject | expected | actual |", hold `shows`.

    `check` is the name of the check that must catch it, for a fault on which checks are called
    without a gate. Then `also` names checks, and not items.

    `also` maps the items that cannot help failing, too, to the reason why, `perhaps` those that
    fail as chance has it; they are empty wherever they can be. The gate has `seconds` to say NO-GO.

    A class without `item`, or whose name begins with an underscore or ends with "Fault", is a base
    that faults share, and not a fault.
    """

    item: ClassVar[str]
    gate: ClassVar[str] = "phase3"
    check: ClassVar[str] = ""
    outcome: ClassVar[str] = "failed"
    breaks: ClassVar[tuple[Rule, ...]] = ()
    shows: ClassVar[str] = ""
    also: ClassVar[Mapping[str, str]] = {}
    perhaps: ClassVar[Mapping[str, str]] = {}
    seconds: ClassVar[float] = 75

    follows: ClassVar[frozenset[str]] = frozenset()
    """Items that rest on others only, so that they fail with them."""

    @classmethod
    def catcher(cls) -> str:
        """Return the name in the results that must catch it: the check, else the item."""
        return cls.check or cls.item

    @classmethod
    def excused_names(cls) -> frozenset[str]:
        """Return the names in the results that may fail."""
        return frozenset({cls.catcher(), *cls.also, *cls.perhaps, *cls.follows})

    @classmethod
    def find_own_problems(cls, results: Results) -> list[str]:
        """Return why its item, or its check, has not caught it."""
        name = cls.catcher()
        if (outcome := results.outcome(name)) != cls.outcome:
            return [f"{name} is {outcome}: {results.message(name)}"]
        if any(cls.shows in values for values in results.values_of(name, *cls.breaks)):
            return []
        ids = " or ".join(rule.id for rule in cls.breaks)
        return [f"{name} has no finding of {ids} that shows {cls.shows!r}: {results.message(name)}"]

    @classmethod
    def is_innocent(cls, results: Results, name: str) -> bool:
        """Tell whether this other item, or check, ended as it must beside the fault."""
        return results.outcome(name) == "passed"

    @classmethod
    def find_more_problems(cls, results: Results) -> list[str]:
        """Return what else is wrong with the results, for faults of this kind."""
        return []


class Defect:
    """What can be wrong with a hospital, put in from outside.

    `statement` is run by the database's owner before the hospital opens.
    """

    statement: ClassVar[str | None] = None

    def settings(self, settings: Settings) -> Settings:
        """Return the settings that the hospital is made with."""
        return settings

    def put_in(self) -> None:
        """Replace functions of the reference.

        It is called in the hospital's own process, before the application is made.
        """

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with something wrapped around it."""
        return app


def replace(place: ModuleType | type, **others: Any) -> None:
    """Put others in the place of a module's functions.

    A name that is not there is an error: the reference has moved on, and the fault has not.
    """
    for name, other in others.items():
        if not hasattr(place, name):
            raise AttributeError(f"{place.__name__} has no {name} to replace")
        setattr(place, name, other)

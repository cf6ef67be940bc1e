"""What a fault is: a seeded defect with a name, the harm that it does, and the one item of the plan
that must catch it.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import Any, ClassVar

from starlette.types import ASGIApp

from reference.settings import Settings

EVERYTHING: Mapping[str, str] = {"*": "nothing of this hospital can be used"}
"""For `also`: any item may fail beside the one that is named."""


class Defect:
    """What can be wrong with a hospital, put in from outside.

    `statement` is run by the database's owner before the hospital opens.
    """

    statement: ClassVar[str | None] = None

    def settings(self, settings: Settings) -> Settings:
        """The settings that the hospital is made with."""
        return settings

    def put_in(self) -> None:
        """Replace functions of the reference.

        Called in the hospital's own process, before the application is made.
        """

    def around(self, app: ASGIApp) -> ASGIApp:
        """The application with something wrapped around it."""
        return app


class Fault(Defect):
    """A defect that the gates of functions must catch.

    A subclass's name says the harm, its docstring what a patient or a nurse would suffer.

    `item` must catch it. `also` maps the items that cannot help failing, too, to the reason why; it
    is empty wherever it can be. The gate has `seconds` to say NO-GO.
    """

    item: ClassVar[str]
    also: ClassVar[Mapping[str, str]] = {}
    seconds: ClassVar[float] = 45


def replace(place: ModuleType | type, **others: Any) -> None:
    """Put others in the place of a module's functions.

    A name that is not there is an error: the reference has moved on, and the fault has not.
    """
    for name, other in others.items():
        if not hasattr(place, name):
            raise AttributeError(f"{place.__name__} has no {name} to replace")
        setattr(place, name, other)

"""Which scripts belong to the cutover's night: those up to the point of no return."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

from cutover_gates.config.migrations import Migrations
from cutover_gates.core.findings import Finding
from cutover_gates.probes.database.history import rules
from cutover_gates.probes.database.history.flyway_conventions import Version

POINT_SETTING = "migrations.point_of_no_return"


class VersionedScript(Protocol):
    """A script with its version; a repeatable one has none."""

    @property
    def version(self) -> Version | None:
        """The version of the script."""


ScriptT = TypeVar("ScriptT", bound=VersionedScript)


def read_point(migrations: Migrations) -> Version | None:
    """Return the last version of the night; None where every script belongs to it."""
    point = migrations.point_of_no_return
    return None if point is None else Version.parse(point)


def is_beyond(version: Version | None, point: Version | None) -> bool:
    """Return whether a version is above the point."""
    return point is not None and version is not None and version > point


def select_of_night(scripts: Iterable[ScriptT], point: Version | None) -> list[ScriptT]:
    """Return the scripts of the night; a repeatable script is one of them."""
    return [script for script in scripts if not is_beyond(script.version, point)]


def find_missing_point(
    scripts: Iterable[VersionedScript], point: Version | None
) -> Iterator[Finding]:
    """Yield a finding where no script has the version: Flyway refuses such a target."""
    if point is not None and point not in {script.version for script in scripts}:
        yield Finding(
            rules.USABLE_SCRIPTS, POINT_SETTING, f"a script of version {point}", "no script has it"
        )

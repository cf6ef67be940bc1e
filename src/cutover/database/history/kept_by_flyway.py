"""A Flyway history held against the scripts on disk; `flyway validate` trusts what lies below a
baseline or ahead of the scripts, this does not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from cutover.database.history import flyway, reading
from cutover.database.history.scripts import OnDisk, Script, known_placeholders, on_disk
from cutover.database.history.seen import Digest, Recorded
from cutover.database.history.states import SYNTHETIC, Standing, matches, states
from cutover.database.site import Site
from cutover.evidence.examination import Examination

_LONGEST = 200
"""Characters of a description that Flyway keeps; of a longer one the first 197 and three dots."""
_WRONG = {
    "Pending": "is not applied",
    "Ignored": "is not applied and never will be: a higher version was applied before it",
    "Above Target": "is not applied",
    "Failed": "failed when it was applied",
    "Missing": "was applied, but the release has no such script",
    "Future": "was applied and is newer than every script of the release",
    "Failed (Missing)": "failed when it was applied, and the release has no such script",
    "Failed (Future)": "failed when it was applied, and is newer than every script of the release",
    "Outdated": "was applied in another wording than the release has",
}
"""States that are no good, in the words of a finding.

The others stand for what was applied, or for what a baseline stands for.
"""
_TAKEN_BACK = frozenset({"Superseded", "Deleted", "Undone"})


class KeptByFlyway:
    """Reads once, answers three questions.

    Raises `NoHistory` where the database has no such table, `NotProven` where something cannot be
    read.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def recorded(self) -> Recorded:
        """What a snapshot keeps."""
        files = {
            script.file_name: Digest(script.sha256, script.checksum)
            for script in self._disk.scripts
        }
        return Recorded(files, reading.lines_if_any(lambda: self._lines))

    def applied(self) -> Examination:
        """Every script is applied with success, nothing else is, and the last one is the release's
        highest.
        """
        findings = (
            *self._disk.refused,
            *self._disk.overlooked,
            *self._wrong(),
            *self._not_the_highest(),
        )
        counted = Counter(standing.state for standing in self._standings)
        return Examination(
            "Every migration of the release is applied",
            tuple(dict.fromkeys(standing.name for standing in self._standings)),
            findings,
            tuple(self._unseen()),
            {"states": dict(sorted(counted.items()))},
        )

    def unaltered(self) -> Examination:
        """Each applied script is what lies on disk: checksum, description and type, also at and
        below a baseline.
        """
        pairs = [
            standing
            for standing in self._standings
            if standing.row and standing.script and standing.state not in _TAKEN_BACK
        ]
        findings = tuple(finding for standing in pairs for finding in _alterations(standing))
        return Examination(
            "Every applied migration is what the release has",
            tuple(standing.name for standing in pairs),
            findings,
        )

    def in_order(self) -> Examination:
        """Nothing was slipped in below a higher version (unless the settings allow it) or applied
        twice.
        """
        rows = [standing.row for standing in self._standings if standing.row]
        late = [standing for standing in self._standings if standing.state == "Out of Order"]
        findings = (
            ()
            if self._site.migrations.out_of_order
            else tuple(
                f"{standing.name} was applied after a higher version, or twice: nobody tried the"
                " scripts in that order"
                for standing in late
            )
        )
        return Examination(
            "The migrations were applied in order",
            tuple(row.script for row in rows),
            findings,
            facts={"out of order": [standing.name for standing in late]},
        )

    @cached_property
    def _disk(self) -> OnDisk:
        return on_disk(self._site)

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        with self._site.connect() as connection:
            return reading.lines(self._site, connection)

    @cached_property
    def _standings(self) -> list[Standing]:
        return states(
            self._disk.scripts,
            reading.rows_of(self._lines),
            out_of_order=self._site.migrations.out_of_order,
        )

    def _wrong(self) -> Iterator[str]:
        for standing in self._standings:
            unknowable = (
                standing.state in ("Outdated", "Pending") and standing.name in self._unknowable
            )
            if standing.state in _WRONG and not unknowable and not _by_program(standing):
                yield f"{standing.name} {_WRONG[standing.state]} ({standing.state})"

    def _unseen(self) -> Iterator[str]:
        for standing in filter(_by_program, self._standings):
            yield (
                f"{standing.name} was applied by a program"
                f" ({standing.row.type if standing.row else ''}): it cannot be held against a"
                " script"
            )
        for name, names in self._unknowable.items():
            yield (
                f"{name} cannot be held against its checksum: nothing is declared for {names} in it"
                " (migrations.placeholders)"
            )

    @cached_property
    def _unknowable(self) -> dict[str, str]:
        """Repeatable scripts whose checksum cannot be known from here, each with the placeholders
        that nobody declared.
        """
        return {
            each.name: names
            for each in self._standings
            if each.state == "Outdated" and (names := self._unfilled(each.script))
        }

    def _unfilled(self, script: Script | None) -> str:
        """Placeholders whose values cannot be known from here; empty when there is none."""
        return (
            ", ".join(
                flyway.unfilled(
                    script.content.decode(), known_placeholders(self._site, script.path.name)
                )
            )
            if script
            else ""
        )

    def _not_the_highest(self) -> Iterator[str]:
        """Flyway's current version must be that of the release's highest script, and a script must
        have brought it there.
        """
        highest = max(
            (
                script.version
                for script in self._disk.scripts
                if script.version and script.kind in "VB"
            ),
            default=None,
        )
        brought = [
            each.version
            for each in self._standings
            if each.row
            and each.row.success
            and each.row.type not in SYNTHETIC
            and each.version
            and each.state not in _TAKEN_BACK
            and not _by_program(each)
        ]
        current = max(brought, default=None)
        if highest != current:
            yield (
                f"the database is at version {current or 'none'}, and the release's highest script"
                f" is {highest or 'none'}"
            )


def _by_program(standing: Standing) -> bool:
    """Whether a row stands for a program (Java, a shell script): there is no script of ours to hold
    it against.
    """
    row = standing.row
    return (
        row is not None
        and row.success
        and standing.script is None
        and standing.state not in _TAKEN_BACK
        and row.type not in SYNTHETIC
        and "SQL" not in row.type
    )


def _alterations(standing: Standing) -> Iterator[str]:
    row, script = standing.row, standing.script
    assert row
    assert script
    kind = "SQL_BASELINE" if script.kind == "B" else "SQL"
    if row.type != kind:
        yield f"{standing.name} was applied as {row.type} and is {kind} on disk"
    if standing.state != "Outdated" and not matches(script, row.checksum):
        yield (
            f"{standing.name} was changed after it was applied: the history has checksum"
            f" {row.checksum}, the file has {script.checksum}"
        )
    if _kept(script.description) != row.description:
        yield (
            f"{standing.name} was renamed after it was applied: the history calls it"
            f" {row.description!r}"
        )


def _kept(description: str) -> str:
    return description if len(description) <= _LONGEST else f"{description[: _LONGEST - 3]}..."

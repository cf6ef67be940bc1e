"""An Alembic history (`alembic_version`) held against the graph of revisions on disk.

The table names only the revisions that stand at the ends of what was applied: everything that these
were built on counts as applied, too. It keeps no checksums, so only a snapshot can tell that a file
was changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from cutover.database.history import programs, reading
from cutover.database.history.programs import Program
from cutover.database.history.seen import Digest, Recorded
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven


class KeptByAlembic:
    """Reads once, answers three questions.

    Raises `NoHistory` where the database has no such table, `NotProven` where something cannot be
    read.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def recorded(self) -> Recorded:
        """What a snapshot keeps: the files. The table has no line that stays."""
        return Recorded({program.shown: Digest(program.sha256) for program in self._programs}, [])

    def applied(self) -> Examination:
        """Every revision is applied, and every row of the table is a revision on disk."""
        findings = [
            f"the database is at revision {row}, which the release does not have"
            for row in self._rows
            if row not in self._graph
        ]
        findings += [
            f"{self._shown(revision)} is not applied (revision {revision})"
            for revision in self._graph
            if revision not in self._reached
        ]
        if not self._rows:
            findings.insert(
                0,
                f"the table {'.'.join(reading.history_table(self._site))} is empty: no migration"
                " was applied",
            )
        return Examination(
            "Every migration of the release is applied",
            (*self._graph, *(row for row in self._rows if row not in self._graph)),
            (*findings, *self._broken()),
            facts={"at": self._rows, "heads": self._heads},
        )

    def unaltered(self) -> Examination:
        """Alembic keeps nothing by which to tell; the snapshot does."""
        applied = (self._shown(revision) for revision in self._graph if revision in self._reached)
        return Examination("Every applied migration is what the release has", tuple(applied))

    def in_order(self) -> Examination:
        """One line of revisions leads to one head, and the table names only ends."""
        several = len(self._heads) > 1 and not all(self._of_branch(head) for head in self._heads)
        findings = (
            [
                f"the release has {len(self._heads)} heads ({', '.join(self._heads)}): `alembic"
                " upgrade head` refuses"
            ]
            if several
            else []
        )
        findings += [
            f"the database names revision {row} and also one that was built on it: its history was"
            " written by hand"
            for row in self._rows
            if any(row in self._below(other) for other in self._rows if other != row)
        ]
        return Examination(
            "The migrations were applied in order", tuple(self._graph), tuple(findings)
        )

    @cached_property
    def _programs(self) -> list[Program]:
        found = [
            programs.parsed(path, location)
            for location in programs.folders(self._site)
            for path in sorted(location.rglob("*.py"))
            if path.name not in ("env.py", "__init__.py")
        ]
        revisions = [program for program in found if "revision" in program.values]
        if not revisions:
            raise NotProven(
                "no revision of Alembic was found in migrations.locations: an empty location proves"
                " nothing"
            )
        unread = [
            program.shown
            for program in revisions
            if not isinstance(program.values["revision"], str)
        ]
        if unread:
            raise NotProven(
                f"the revision of {', '.join(unread)} is no literal, so it cannot be read without"
                " running the file"
            )
        return revisions

    @cached_property
    def _graph(self) -> dict[str, set[str]]:
        """Each revision with those that must come before it."""
        return {
            program.values["revision"]: {
                *_names(program.values.get("down_revision")),
                *_names(program.values.get("depends_on")),
            }
            for program in self._programs
        }

    @cached_property
    def _rows(self) -> list[str]:
        with self._site.connect() as connection:
            return [line["version_num"] for line in reading.lines(self._site, connection)]

    @cached_property
    def _reached(self) -> set[str]:
        return {*self._rows, *(below for row in self._rows for below in self._below(row))}

    @cached_property
    def _heads(self) -> list[str]:
        return sorted(
            self._graph.keys()
            - {
                name
                for program in self._programs
                for name in _names(program.values.get("down_revision"))
            }
        )

    def _below(self, revision: str) -> set[str]:
        """Everything that a revision was built on."""
        found, open_ends = set[str](), [revision]
        while open_ends:
            new = self._graph.get(open_ends.pop(), set()) - found
            found |= new
            open_ends += new
        return found

    def _broken(self) -> Iterator[str]:
        """What Alembic would refuse to run with."""
        seen = dict[str, str]()
        for program in self._programs:
            revision = program.values["revision"]
            if revision in seen:
                yield f"{program.shown} and {seen[revision]} are both revision {revision}"
            seen[revision] = program.shown
        for revision, before in self._graph.items():
            for missing in sorted(before - self._graph.keys()):
                yield (
                    f"{self._shown(revision)} is built on revision {missing}, which the release"
                    " does not have"
                )

    def _shown(self, revision: str) -> str:
        return next(
            program.shown for program in self._programs if program.values["revision"] == revision
        )

    def _of_branch(self, head: str) -> bool:
        """Whether a head belongs to a branch with a label: several of these are meant."""
        line = {head, *self._below(head)}
        return any(
            program.values.get("branch_labels")
            for program in self._programs
            if program.values["revision"] in line
        )


def _names(value: Any) -> set[str]:
    return {value} if isinstance(value, str) else {str(name) for name in value or ()}

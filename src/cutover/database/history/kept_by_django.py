"""A Django history (`django_migrations`) held against the files `<app>/migrations/NNNN_*.py`; a
location is an app's folder, or holds such.

Django keeps no checksums, so only a snapshot can tell that a file was changed. A squashed migration
stands for those that it `replaces`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from cutover.database.history import programs, reading
from cutover.database.history.programs import Program
from cutover.database.history.seen import Digest, Recorded
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven

Node = tuple[str, str]
"""App and name."""


@dataclass(frozen=True)
class Migration:
    """A file with what it says about others."""

    program: Program
    needs: frozenset[Node]
    replaces: tuple[Node, ...]


class KeptByDjango:
    """Reads once, answers three questions.

    Raises `NoHistory` where the database has no such table, `NotProven` where something cannot be
    read.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    def recorded(self) -> Recorded:
        """What a snapshot keeps."""
        files = {
            _shown(node): Digest(migration.program.sha256) for node, migration in self._disk.items()
        }
        return Recorded(files, reading.lines_if_any(lambda: self._lines))

    def applied(self) -> Examination:
        """Every file is applied, itself or by the squashed one that replaces it; every row of an
        app on disk has its file, or a squashed one.
        """
        findings = [f"{_shown(node)} is not applied" for node in self._disk if not self._done(node)]
        apps = {app for app, _ in self._disk}
        findings += [
            f"{_shown(node)} was applied, but the release has no such file"
            for node in self._rows
            if node[0] in apps and node not in self._disk and node not in self._replaced
        ]
        foreign = sorted({app for app, _ in self._rows} - apps)
        unseen = (
            [
                f"the migrations of {', '.join(foreign)} were applied and their files are not in"
                " migrations.locations: add the folder of each of these apps (as"
                " django/contrib/auth, where the package is installed)"
            ]
            if foreign
            else []
        )
        examined = dict.fromkeys(
            map(_shown, (*self._disk, *(node for node in self._rows if node[0] in apps)))
        )
        return Examination(
            "Every migration of the release is applied",
            tuple(examined),
            tuple(findings),
            tuple(unseen),
            {"rows": len(self._rows), "files": len(self._disk)},
        )

    def unaltered(self) -> Examination:
        """Django keeps nothing by which to tell; the snapshot does."""
        return Examination(
            "Every applied migration is what the release has",
            tuple(_shown(node) for node in self._disk if self._done(node)),
        )

    def in_order(self) -> Examination:
        """Whatever was applied had all that it needs applied, and no app has two migrations that
        both claim to be its last.
        """
        findings = [
            f"{_shown(node)} was applied, and {_shown(need)}, which it needs, was not"
            for node in self._rows
            if node in self._disk
            for need in sorted(self._disk[node].needs)
            if need in self._disk and not self._done(need)
        ]
        unread = [
            node
            for node, migration in self._disk.items()
            if migration.program.values.get("dependencies", ()) is None
        ]
        unseen = (
            f"what {_shown(node)} needs is no literal, so it cannot be read without running the"
            " file"
            for node in unread
        )
        return Examination(
            "The migrations were applied in order",
            tuple(_shown(node) for node in self._disk if node not in unread),
            (*findings, *self._conflicts()),
            tuple(unseen),
        )

    @cached_property
    def _disk(self) -> dict[Node, Migration]:
        found = {
            node: migration
            for location in programs.folders(self._site)
            for node, migration in _files(location)
        }
        if not found:
            raise NotProven(
                "no migration of Django was found as <app>/migrations/*.py in migrations.locations:"
                " an empty location proves nothing"
            )
        return found

    @cached_property
    def _lines(self) -> list[dict[str, Any]]:
        with self._site.connect() as connection:
            return reading.lines(self._site, connection)

    @cached_property
    def _rows(self) -> list[Node]:
        return [(line["app"], line["name"]) for line in self._lines]

    @cached_property
    def _replaced(self) -> dict[Node, Node]:
        """Each migration that was squashed, with the one that stands for it."""
        return {old: node for node, migration in self._disk.items() for old in migration.replaces}

    def _done(self, node: Node) -> bool:
        migration = self._disk.get(node)
        by_parts = bool(migration and migration.replaces) and all(
            self._done(old) for old in (migration.replaces if migration else ())
        )
        return node in self._rows or by_parts or self._replaced.get(node) in self._rows

    def _conflicts(self) -> Iterator[str]:
        """Two leaves of one app: `migrate` refuses until they are merged."""
        needed = {
            self._replaced.get(need, need)
            for migration in self._disk.values()
            for need in migration.needs
        }
        leaves = [node for node in self._disk if node not in self._replaced and node not in needed]
        for app in sorted({app for app, _ in leaves}):
            names = [name for owner, name in leaves if owner == app]
            if len(names) > 1:
                yield (
                    f"{app} has {len(names)} last migrations ({', '.join(sorted(names))}):"
                    " `migrate` refuses until they are merged"
                )


def _files(location: Path) -> Iterator[tuple[Node, Migration]]:
    for path in sorted([*location.glob("migrations/*.py"), *location.glob("*/migrations/*.py")]):
        if path.name[0] in "_~":
            continue
        program = programs.parsed(path, location, inside="Migration")
        values, app = program.values, _label(path.parents[1])
        needs = frozenset(
            (str(need[0]), str(need[1]))
            for need in values.get("dependencies") or ()
            if len(need) == 2
        )
        yield (
            (app, path.stem),
            Migration(
                program,
                needs,
                tuple((str(old[0]), str(old[1])) for old in values.get("replaces") or ()),
            ),
        )


def _label(app: Path) -> str:
    """An app's name in the history: its folder's, unless its `apps.py` sets a label."""
    config = app / "apps.py"
    if config.is_file():
        for line in programs.class_values(config):
            if isinstance(line.get("label"), str):
                return str(line["label"])
    return app.name


def _shown(node: Node) -> str:
    return ".".join(node)

"""Whether a database has had exactly the migrations of the release."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cutover.database.history import recorded
from cutover.database.history.kept_by_alembic import KeptByAlembic
from cutover.database.history.kept_by_django import KeptByDjango
from cutover.database.history.kept_by_flyway import KeptByFlyway
from cutover.database.history.reading import NoHistory
from cutover.database.history.seen import Keeper, Recorded
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven

_KEEPERS: dict[str, Callable[[Site], Keeper]] = {
    "flyway": KeptByFlyway,
    "alembic": KeptByAlembic,
    "django": KeptByDjango,
}


class History:
    """What `migrations.tool` wrote about itself in the database, held against the scripts in
    `migrations.locations`.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self._keeper = _KEEPERS[site.migrations.tool](site)

    def applied(self) -> Examination:
        """Every script of the release is applied with success, and nothing that the release does
        not have.

        Raises `NotProven` where there are no scripts to compare with.
        """
        return self._examined("Every migration of the release is applied", self._keeper.applied)

    def unaltered(self) -> Examination:
        """What was applied is what lies on disk, to the byte, and the history was not rewritten
        since the snapshot.

        Raises `NotProven` where there are no scripts to compare with.
        """
        return self._examined(
            "Every applied migration is what the release has",
            lambda: self._with_snapshot(self._keeper.unaltered()),
        )

    def in_order(self) -> Examination:
        """The migrations were applied in the order in which they were tried, and no row was taken
        out.

        Raises `NotProven` where there are no scripts to compare with.
        """
        return self._examined(
            "The migrations were applied in order",
            lambda: self._with_holes(self._keeper.in_order()),
        )

    def _examined(self, title: str, examine: Callable[[], Examination]) -> Examination:
        try:
            return self.site.examined(examine())
        except NoHistory as missing:
            return self.site.examined(Examination(title, (), (str(missing),)))

    def _with_holes(self, examination: Examination) -> Examination:
        """Holes that the snapshot had already are older than this migration: nobody can fill them
        any more.
        """
        try:
            old = recorded.holes(_in_snapshot(self.site))
        except NotProven:
            old = set()
        new = sorted(recorded.holes(self._keeper.recorded()) - old)
        findings = (
            f"the history has no row {hole}, though later ones: somebody took it out"
            for hole in new
        )
        return replace(
            examination,
            findings=(*examination.findings, *findings),
            facts={**examination.facts, "older holes": sorted(old)},
        )

    def _with_snapshot(self, examination: Examination) -> Examination:
        now = self._keeper.recorded()
        digests = {
            name: digest.sha256 for name, digest in now.files.items()
        }  # by which another gate knows these very scripts again
        examination = replace(examination, facts={**examination.facts, "scripts": digests})
        try:
            before = _in_snapshot(self.site)
        except NotProven as missing:
            return replace(
                examination, unproven=(*examination.unproven, f"{recorded.BLIND}: {missing}")
            )
        examined = dict.fromkeys((*examination.examined, *now.files))
        return replace(
            examination,
            examined=tuple(examined),
            findings=(*examination.findings, *recorded.changes(before, now)),
        )


def facts(site: Site) -> dict[str, Any]:
    """What a snapshot keeps of the history: each script's SHA-256 and checksum, and the table's
    lines. JSON-able.

    A database without a history has no lines. Raises `NotProven` where scripts or table cannot be
    read.
    """
    return _KEEPERS[site.migrations.tool](site).recorded().as_plain()


def _in_snapshot(site: Site) -> Recorded:
    """What the snapshot before this migration kept of the history.

    Raises `NotProven` where there is none.
    """
    from cutover.database.snapshot import (
        Snapshot,
    )  # the snapshot records the history, so it knows this module

    kept = Snapshot.newest(site).history
    if not kept:
        raise NotProven("the snapshot has not recorded it")
    return Recorded.from_plain(kept)

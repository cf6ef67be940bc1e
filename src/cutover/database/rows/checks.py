"""The questions that the gates ask of a target's rows."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import psycopg

from cutover.database.rows import comparing, server
from cutover.database.rows.counting import counted
from cutover.database.rows.looking import MIGRATED, RESTORED, Look, look
from cutover.database.rows.remaining import remaining
from cutover.database.rows.since import acknowledged, note
from cutover.database.session import first_line
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import Examination, NotProven


def _answered(question: Callable[[Rows], Examination]) -> Callable[[Rows], Examination]:
    """What the database refuses on the way, such as for a lock that somebody holds, is not proven."""

    @wraps(question)
    def answer(rows: Rows) -> Examination:
        try:
            return question(rows)
        except psycopg.Error as error:
            raise NotProven(
                f"the database did not let its rows be read: {first_line(error)}"
            ) from None

    return answer


class Rows:
    """Counts and contents against the newest snapshot.

    The database is read once for all of a run's questions, at one moment.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    @_answered
    def taken(self) -> Examination:
        """Take a snapshot, read it back, and see that it has everything of every table."""
        before = Snapshot.load(Path(self._site.once("rows-taken", self._take)["path"]))
        tables = before.figures.tables
        proven = tuple(
            self._site.shown(name) for name in tables if name not in before.figures.unproven
        )
        unproven = [
            f"{self._site.shown(name)} is not whole in the snapshot: {why}."
            for name, why in before.figures.unproven.items()
        ]
        unproven += [
            f"{self._site.shown(name)} is not in the snapshot."
            for name in self._names()
            if name not in tables
        ]
        if not any(table.counted for table in tables.values()):
            unproven.append(
                "No table holds a row, so there is nothing that could be compared later."
            )
        facts = {
            "snapshot": str(before.path and before.path.name),
            "taken": before.taken,
            "migration": before.migration,
            "rows": {self._site.shown(name): table.counted for name, table in tables.items()},
            "left_out": dict(before.left_out),
            "seconds": round(before.figures.seconds, 1),
        }
        return self._site.examined(
            Examination("The snapshot is taken and whole", proven, (), tuple(unproven), facts)
        )

    @_answered
    def counts(self) -> Examination:
        """Every table has the rows that it had, or that it is declared to have."""
        before = self._before(contents=False)
        note(self._site, before, self._dsn)
        return self._site.examined(counted(self._site, before, self._look(before, MIGRATED)))

    @_answered
    def contents(self) -> Examination:
        """What stood in the database stands there still, or became what it is declared to become."""
        before = self._before()
        return self._site.examined(
            comparing.compare(self._site, before, self._look(before, MIGRATED), self._dsn, MIGRATED)
        )

    @_answered
    def old_rows_remain(self) -> Examination:
        """No row of the snapshot is gone. Its content may have been worked with since."""
        before = self._before()
        note(self._site, before, self._dsn)
        return self._site.examined(remaining(self._site, before, self._look(before, MIGRATED)))

    @_answered
    def equal_to_snapshot(self) -> Examination:
        """After a rollback: the database is the one of which the snapshot was taken."""
        before = Snapshot.newest(self._site, rolled_back=True)
        comparing.same_hashes(before, self._server())
        return self._site.examined(
            comparing.equal(self._site, before, self._look(before, RESTORED), self._dsn)
        )

    @_answered
    def since(self) -> Examination:
        """What was acknowledged since the snapshot, and a restore of it loses."""
        before = Snapshot.newest(self._site, rolled_back=True)
        return self._site.examined(acknowledged(self._site, before, self._dsn))

    @property
    def _dsn(self) -> str:
        return self._site.heavy_dsn

    def _take(self) -> dict[str, Any]:
        return {"path": str(Snapshot.take(self._site).path)}

    def _before(self, *, contents: bool = True) -> Snapshot:
        before = Snapshot.newest(self._site)
        comparing.same_declarations(self._site, before)
        if contents:
            comparing.same_hashes(before, self._server())
        return before

    def _server(self) -> dict[str, object]:
        with self._site.connect() as connection:
            return server.facts(connection)

    def _look(self, before: Snapshot, expected: str) -> Look:
        return Look.from_plain(
            self._site.once(f"rows-{expected}", lambda: self._seen(before, expected))
        )

    def _seen(self, before: Snapshot, expected: str) -> dict[str, Any]:
        server.await_standby(self._site)
        return look(self._site, before, self._dsn, expected).as_plain()

    def _names(self) -> list[str]:
        from cutover.database.rows.reading import reading
        from cutover.database.rows.tables import read_tables

        with reading(self._dsn, self._site.budget.ends, self._site.migrations.schemas) as session:
            return list(read_tables(session.first, self._site.migrations.schemas)[0])

"""Whether a rehearsal left the copy's data whole: held against what stood there right before the
scripts.

The copy gets a snapshot of its own for that. The newest snapshot of the target is of another moment
than the backup, and rows that came in between would look like rows that the scripts lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from cutover.database.catalog import Schema
from cutover.database.rehearsal.course import Compared
from cutover.database.rows import Rows
from cutover.database.session import DatabaseSilent
from cutover.database.site import Site
from cutover.database.snapshot import Snapshot
from cutover.evidence.examination import Examination, NotProven


class Data:
    """`Data(copy, folder)` before the scripts, `afterwards()` after them.

    The copy is a `Site`; files are kept in `folder`.

    Raises `SettingsError` for a declaration that cannot be used.
    """

    def __init__(self, copy: Site, folder: Path) -> None:
        self.copy = replace(
            copy,
            snapshots=folder / "snapshots",
            once_in=folder / "once",
            record=lambda _examination: None,
        )
        self.hole: str | None = None
        try:
            Snapshot.take(self.copy)
        except (NotProven, DatabaseSilent) as hole:
            self.hole = f"what the copy held before the scripts was not measured: {hole}"

    def afterwards(self) -> Compared:
        """Counts, contents and catalog, each of them after the scripts against what the settings
        and the scripts say.
        """
        questions = [] if self.hole else [Rows(self.copy).counts, Rows(self.copy).contents]
        answers = [
            _answered(question)
            for question in [*questions, Schema(self.copy).as_the_scripts_make_it]
        ]
        return Compared(
            examined=tuple(dict.fromkeys(name for answer in answers for name in answer.examined)),
            findings=tuple(finding for answer in answers for finding in answer.findings),
            unproven=(
                *([self.hole] if self.hole else []),
                *(hole for answer in answers for hole in answer.unproven),
            ),
        )


def _answered(question: Callable[[], Examination]) -> Examination:
    try:
        return question()
    except (NotProven, DatabaseSilent) as hole:
        return Examination("", (), unproven=(str(hole),))

"""The questions to the newest backup; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cutover.database.backup.contents import Contents, dated, read_to_the_end
from cutover.database.backup.kinds import Backup, NoBackup, detect, newest, written_at
from cutover.database.backup.restoring import Restored, attempted
from cutover.database.site import Site
from cutover.evidence.examination import Examination, NotProven

if TYPE_CHECKING:
    from cutover.database.backup.comparing import Verdict

_SKEW = 300.0
"""Seconds by which two machines' clocks may differ."""


class Backups:
    """Every method raises `NotProven` where there is no backup at all, or nothing to compare it
    with.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def recent(self) -> Examination:
        """Whether it is younger than the settings allow, by its own date."""
        title = "The backup is recent"
        try:
            backup = detect(newest(self.site))
            inside = dated(self.site, backup)
        except NoBackup as wrong:
            return self._nothing(title, wrong)
        return self._about(title, backup, inside, tuple(self._age(backup, inside, time.time(), "")))

    def taken_before_the_change(self) -> Examination:
        """Whether it was made before the release's first migration, and not long before; and after
        the snapshot, or it lacks what that knows.
        """
        from cutover.database.backup.moments import first_change
        from cutover.database.snapshot import Snapshot

        title = "The backup was taken just before the database was changed"
        try:
            backup = detect(newest(self.site))
            inside = dated(self.site, backup)
        except NoBackup as wrong:
            return self._nothing(title, wrong)
        before = Snapshot.newest(self.site)
        changed = first_change(self.site, before)
        made = inside.made_at.timestamp()
        findings = list(
            self._age(
                backup,
                inside,
                changed.earliest if changed else time.time(),
                " before the migration" if changed else "",
            )
        )
        unproven: tuple[str, ...] = ()
        if changed and made > changed.latest:
            findings.append(
                f"{_sentence(backup)} was made at {_at(made)}, after the migration had begun at"
                f" {_at(changed.latest)}: it does not hold the old data."
            )
        elif changed and made > changed.earliest and not self.site.migrations.backup.restore:
            unproven = (
                (
                    f"{_sentence(backup)} was made at {_at(made)}, and the migration began at"
                    f" {_at(changed.earliest)} or later: its history does not say in which time"
                    " zone. Restore the backup in this gate (backup.restore), and its content will"
                    " tell."
                ),
            )
        if made < before.taken_at - _SKEW:
            findings.append(
                f"{_sentence(backup)} was made at {_at(made)}, before the snapshot of"
                f" {before.taken}: what came in between is not in it."
            )
        return self._about(title, backup, inside, tuple(findings), unproven)

    def whole(self) -> Examination:
        """Whether it can be read to its end, is of this database, and lists every table with its
        rows.
        """
        title = "The backup is whole"
        try:
            backup = detect(newest(self.site))
            inside = read_to_the_end(self.site, backup)
        except NoBackup as wrong:
            return self._nothing(title, wrong)
        return self._about(title, backup, inside, tuple(self._lacks(backup, inside)))

    def restores_to_equal_data(self) -> Examination:
        """Before the migration: whether a scratch database that it is restored into equals the
        target: catalog, counts, content, references.
        """
        return self._restored("The backup restores to equal data", migrated=False)

    def holds_the_old_data(self) -> Examination:
        """After it: whether that equals the snapshot.

        The settings may say that reading it to its end is enough (`backup.restore`).
        """
        return (
            self._restored("The backup holds the old data", migrated=True)
            if self.site.migrations.backup.restore
            else self.whole()
        )

    def _restored(self, title: str, *, migrated: bool) -> Examination:
        found = self.site.once(
            f"restored-backup-{'of-the-snapshot' if migrated else 'of-the-target'}",
            lambda: self._tried(migrated),
        )
        examined, findings, unproven = (
            tuple(found[part]) for part in ("examined", "findings", "unproven")
        )
        return self.site.examined(Examination(title, examined, findings, unproven, found["facts"]))

    def _tried(self, migrated: bool) -> dict[str, object]:
        try:
            backup = detect(newest(self.site))
            with attempted(self.site, backup) as copy:
                errors = tuple(
                    f"{_sentence(backup)} does not restore without an error: {error}."
                    for error in copy.errors
                )
                lacks = tuple(
                    f"{_sentence(backup)} could not be restored on the scratch server: {lack}. Use"
                    " another one ([targets.NAME.migrations.scratch])."
                    for lack in copy.unavailable
                )
                seen = None if lacks else _compared(self.site, copy, migrated)
                facts = {
                    "backup": backup.path.name,
                    "kind": str(backup.kind),
                    "seconds to restore": round(copy.seconds, 3),
                }
        except NoBackup as wrong:
            return {"examined": (), "findings": (_full(wrong),), "unproven": (), "facts": {}}
        if seen is None:
            return {"examined": (), "findings": (), "unproven": lacks, "facts": facts}
        return {
            "examined": seen.examined,
            "findings": (*errors, *seen.findings),
            "unproven": seen.unproven,
            "facts": facts,
        }

    def _age(self, backup: Backup, inside: Contents, until: float, before: str) -> Iterator[str]:
        made, bound = inside.made_at.timestamp(), self.site.migrations.backup.max_age_hours
        hours = (until - made) / 3600
        if hours > bound:
            yield (
                f"{_sentence(backup)} was made {hours:.1f} h{before or ' ago'}, at {_at(made)};"
                f" {bound:g} h are allowed (backup.max_age_hours)."
            )
        if made > min(time.time(), written_at(backup.path)) + _SKEW:
            yield (
                f"{_sentence(backup)} says that it was made at {_at(made)}, which is later than its"
                " file was written: a clock or a time zone is wrong."
            )

    def _lacks(self, backup: Backup, inside: Contents) -> Iterator[str]:
        from cutover.database.backup.moments import expected_tables

        database, tables = expected_tables(self.site)
        if not tables:
            raise NotProven(
                "the target has no tables, so there is nothing that a backup of it must hold"
            )
        if inside.database is not None and inside.database != database:
            yield (
                f"{_sentence(backup)} is of another database: of {inside.database}, and the target"
                f" is {database}."
            )
        for name in sorted(tables) if inside.tables is not None else ():
            if name not in (inside.tables or ()):
                yield f"{_sentence(backup)} does not hold the table {self.site.shown(name)}."
            elif inside.with_rows is not None and name not in inside.with_rows:
                yield (
                    f"{_sentence(backup)} holds the table {self.site.shown(name)} without its rows."
                )

    def _about(
        self,
        title: str,
        backup: Backup,
        inside: Contents,
        findings: tuple[str, ...],
        unproven: tuple[str, ...] = (),
    ) -> Examination:
        facts = {
            "backup": backup.path.name,
            "kind": str(backup.kind),
            "bytes": _bytes(backup),
            "made at": _at(inside.made_at.timestamp()),
            "by its file's date": inside.made_by_file,
            "tables": len(inside.tables) if inside.tables is not None else None,
        }
        return self.site.examined(
            Examination(title, (backup.path.name,), findings, unproven, facts)
        )

    def _nothing(self, title: str, wrong: NoBackup) -> Examination:
        return self.site.examined(Examination(title, (), (_full(wrong),)))


def _compared(site: Site, copy: Restored, migrated: bool) -> Verdict:
    """Half a copy may not even say which migration it is at; then its errors are what is to be
    told.
    """
    from cutover.database.backup.comparing import Verdict, compared

    try:
        return compared(site, copy, migrated=migrated)
    except NotProven as hole:
        if not copy.errors:
            raise
        return Verdict((), (), (str(hole),))


def _bytes(backup: Backup) -> int:
    files = backup.path.rglob("*") if backup.path.is_dir() else (backup.path,)
    return sum(path.stat().st_size for path in files if path.is_file())


def _at(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _sentence(backup: Backup) -> str:
    """Its name at the beginning of a sentence."""
    return _upper(str(backup))


def _full(wrong: NoBackup) -> str:
    return f"{_upper(str(wrong))}."


def _upper(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text

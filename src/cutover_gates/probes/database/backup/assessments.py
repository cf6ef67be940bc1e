"""The questions to the newest backup; each method answers one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cutover_gates.core.evidence.assessment import Assessment, NotProven
from cutover_gates.probes.database.backup.backup_contents import (
    BackupContents,
    read_header,
    verify_contents,
)
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    InvalidBackup,
    detect_backup,
    find_newest_backup,
    modification_time,
)
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup, attempt_restore
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

if TYPE_CHECKING:
    from cutover_gates.probes.database.backup.backup_comparison import BackupComparison

_CLOCK_SKEW_SECONDS = 300.0
"""Seconds by which two machines' clocks may differ."""


class BackupAssessments:
    """Every method raises `NotProven` where there is no backup at all, or nothing to compare it
    with.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_age(self) -> Assessment:
        """Whether it is younger than the settings allow, by its own date."""
        title = "The backup is recent"
        try:
            backup = detect_backup(find_newest_backup(self.context))
            inside = read_header(self.context, backup)
        except InvalidBackup as wrong:
            return self._report_invalid_backup(title, wrong)
        return self._build_assessment(
            title, backup, inside, tuple(self._find_age_breaches(backup, inside, time.time(), ""))
        )

    def assess_time_of_backup(self) -> Assessment:
        """Whether it was made before the release's first migration, and not long before; and after
        the snapshot, or it lacks what that knows.
        """
        from cutover_gates.probes.database.backup.backup_expectations import find_first_change

        title = "The backup was taken just before the database was changed"
        try:
            backup = detect_backup(find_newest_backup(self.context))
            inside = read_header(self.context, backup)
        except InvalidBackup as wrong:
            return self._report_invalid_backup(title, wrong)
        before = find_newest_snapshot(self.context)
        changed = find_first_change(self.context, before)
        made = inside.made_at.timestamp()
        findings = list(
            self._find_age_breaches(
                backup,
                inside,
                changed.earliest if changed else time.time(),
                " before the migration" if changed else "",
            )
        )
        unproven: tuple[str, ...] = ()
        if changed and made > changed.latest:
            findings.append(
                f"{_start_sentence(backup)} was made at {_format_time(made)}, after the migration had begun at"
                f" {_format_time(changed.latest)}: it does not hold the old data."
            )
        elif changed and made > changed.earliest and not self.context.migrations.backup.restore:
            unproven = (
                (
                    f"{_start_sentence(backup)} was made at {_format_time(made)}, and the migration began at"
                    f" {_format_time(changed.earliest)} or later: its history does not say in which time"
                    " zone. Restore the backup in this gate (backup.restore), and its content will"
                    " tell."
                ),
            )
        if made < before.taken_at - _CLOCK_SKEW_SECONDS:
            findings.append(
                f"{_start_sentence(backup)} was made at {_format_time(made)}, before the snapshot of"
                f" {before.taken_at_text}: what came in between is not in it."
            )
        return self._build_assessment(title, backup, inside, tuple(findings), unproven)

    def assess_completeness(self) -> Assessment:
        """Whether it can be read to its end, is of this database, and lists every table with its
        rows.
        """
        title = "The backup is whole"
        try:
            backup = detect_backup(find_newest_backup(self.context))
            inside = verify_contents(self.context, backup)
        except InvalidBackup as wrong:
            return self._report_invalid_backup(title, wrong)
        return self._build_assessment(
            title, backup, inside, tuple(self._find_missing_tables(backup, inside))
        )

    def assess_restored_data(self) -> Assessment:
        """Before the migration: whether a scratch database that it is restored into equals the
        target: catalog, counts, content, references.
        """
        return self._assess_restore("The backup restores to equal data", migrated=False)

    def assess_old_data(self) -> Assessment:
        """After it: whether that equals the snapshot.

        The settings may say that reading it to its end is enough (`backup.restore`).
        """
        return (
            self._assess_restore("The backup holds the old data", migrated=True)
            if self.context.migrations.backup.restore
            else self.assess_completeness()
        )

    def _assess_restore(self, title: str, *, migrated: bool) -> Assessment:
        found = self.context.compute_once(
            f"restored-backup-{'of-the-snapshot' if migrated else 'of-the-target'}",
            lambda: self._restore_and_compare(migrated),
        )
        examined, findings, unproven = (
            tuple(found[part]) for part in ("examined", "findings", "unproven")
        )
        return self.context.record_assessment(
            Assessment(title, examined, findings, unproven, found["facts"])
        )

    def _restore_and_compare(self, migrated: bool) -> dict[str, object]:
        try:
            backup = detect_backup(find_newest_backup(self.context))
            with attempt_restore(self.context, backup) as copy:
                errors = tuple(
                    f"{_start_sentence(backup)} does not restore without an error: {error}."
                    for error in copy.errors
                )
                lacks = tuple(
                    f"{_start_sentence(backup)} could not be restored on the scratch server: {lack}. Use"
                    " another one ([targets.NAME.migrations.scratch])."
                    for lack in copy.unavailable
                )
                seen = None if lacks else _compare_copy(self.context, copy, migrated)
                facts = {
                    "backup": backup.path.name,
                    "kind": str(backup.kind),
                    "seconds to restore": round(copy.seconds, 3),
                }
        except InvalidBackup as wrong:
            return {
                "examined": (),
                "findings": (_format_sentence(wrong),),
                "unproven": (),
                "facts": {},
            }
        if seen is None:
            return {"examined": (), "findings": (), "unproven": lacks, "facts": facts}
        return {
            "examined": seen.checked,
            "findings": (*errors, *seen.findings),
            "unproven": seen.not_proven,
            "facts": facts,
        }

    def _find_age_breaches(
        self, backup: BackupFile, inside: BackupContents, until: float, before: str
    ) -> Iterator[str]:
        made, bound = inside.made_at.timestamp(), self.context.migrations.backup.max_age_hours
        hours = (until - made) / 3600
        if hours > bound:
            yield (
                f"{_start_sentence(backup)} was made {hours:.1f} h{before or ' ago'}, at {_format_time(made)};"
                f" {bound:g} h are allowed (backup.max_age_hours)."
            )
        if made > min(time.time(), modification_time(backup.path)) + _CLOCK_SKEW_SECONDS:
            yield (
                f"{_start_sentence(backup)} says that it was made at {_format_time(made)}, which is later than its"
                " file was written: a clock or a time zone is wrong."
            )

    def _find_missing_tables(self, backup: BackupFile, inside: BackupContents) -> Iterator[str]:
        from cutover_gates.probes.database.backup.backup_expectations import read_expected_tables

        database, tables = read_expected_tables(self.context)
        if not tables:
            raise NotProven(
                "the target has no tables, so there is nothing that a backup of it must hold"
            )
        if inside.database is not None and inside.database != database:
            yield (
                f"{_start_sentence(backup)} is of another database: of {inside.database}, and the target"
                f" is {database}."
            )
        for name in sorted(tables) if inside.tables is not None else ():
            if name not in (inside.tables or ()):
                yield f"{_start_sentence(backup)} does not hold the table {self.context.display_name(name)}."
            elif inside.with_rows is not None and name not in inside.with_rows:
                yield (
                    f"{_start_sentence(backup)} holds the table {self.context.display_name(name)} without its rows."
                )

    def _build_assessment(
        self,
        title: str,
        backup: BackupFile,
        inside: BackupContents,
        findings: tuple[str, ...],
        unproven: tuple[str, ...] = (),
    ) -> Assessment:
        facts = {
            "backup": backup.path.name,
            "kind": str(backup.kind),
            "bytes": _size_in_bytes(backup),
            "made at": _format_time(inside.made_at.timestamp()),
            "by its file's date": inside.made_by_file,
            "tables": len(inside.tables) if inside.tables is not None else None,
        }
        return self.context.record_assessment(
            Assessment(title, (backup.path.name,), findings, unproven, facts)
        )

    def _report_invalid_backup(self, title: str, wrong: InvalidBackup) -> Assessment:
        return self.context.record_assessment(Assessment(title, (), (_format_sentence(wrong),)))


def _compare_copy(
    context: DatabaseContext, copy: RestoredBackup, migrated: bool
) -> BackupComparison:
    """Half a copy may not even say which migration it is at; then its errors are what is to be
    told.
    """
    from cutover_gates.probes.database.backup.backup_comparison import (
        BackupComparison,
        compare_restored_copy,
    )

    try:
        return compare_restored_copy(context, copy, migrated=migrated)
    except NotProven as hole:
        if not copy.errors:
            raise
        return BackupComparison((), (), (str(hole),))


def _size_in_bytes(backup: BackupFile) -> int:
    files = backup.path.rglob("*") if backup.path.is_dir() else (backup.path,)
    return sum(path.stat().st_size for path in files if path.is_file())


def _format_time(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _start_sentence(backup: BackupFile) -> str:
    """Its name at the beginning of a sentence."""
    return _capitalise(str(backup))


def _format_sentence(wrong: InvalidBackup) -> str:
    return f"{_capitalise(str(wrong))}."


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:] if text.startswith("the ") else text

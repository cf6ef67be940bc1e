"""The questions of the gates about the newest backup."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cutover_gates.core.evidence.assessment import Assessment, AssessmentBuilder
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_comparison import compare_restored_copy
from cutover_gates.probes.database.backup.backup_contents import (
    BackupContents,
    read_header,
    verify_contents,
)
from cutover_gates.probes.database.backup.backup_expectations import (
    check_age,
    check_moment,
    check_tables,
    format_time,
)
from cutover_gates.probes.database.backup.backup_files import (
    BackupFile,
    InvalidBackup,
    detect_backup,
    find_newest_backup,
)
from cutover_gates.probes.database.backup.backup_identity import hash_backup
from cutover_gates.probes.database.backup.backup_large_objects import (
    check_large_objects_included,
)
from cutover_gates.probes.database.backup.backup_restore import RestoredBackup
from cutover_gates.probes.database.backup.dump_restore import describe_restore_way
from cutover_gates.probes.database.backup.restore_proof import (
    find_restore_proof,
    record_restore_proof,
)
from cutover_gates.probes.database.backup.restored_copies import use_restored_copy
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

_ReadContents = Callable[[DatabaseContext, BackupFile], BackupContents]
_Check = Callable[[BackupFile, BackupContents, AssessmentBuilder], None]


class BackupAssessments:
    """The newest backup of the target's database.

    Every method raises `NotProven` where there is no backup at all, or nothing to compare it with.
    """

    def __init__(self, context: DatabaseContext) -> None:
        self.context = context

    def assess_age(self) -> Assessment:
        """Check that the backup is younger than the settings allow, by its own date."""

        def check(backup: BackupFile, contents: BackupContents, builder: AssessmentBuilder) -> None:
            check_age(self.context, backup, contents, builder)

        return self._assess("The backup is recent", read_header, check)

    def assess_time_of_backup(self) -> Assessment:
        """Check that the backup was made shortly before the first migration, after the snapshot."""

        def check(backup: BackupFile, contents: BackupContents, builder: AssessmentBuilder) -> None:
            before = find_newest_snapshot(self.context)
            check_moment(self.context, backup, contents, before, builder)

        title = "The backup was taken just before the database was changed"
        return self._assess(title, read_header, check)

    def assess_completeness(self) -> Assessment:
        """Check that the backup can be read to its end and holds every table with its rows."""

        def check(
            _backup: BackupFile, contents: BackupContents, builder: AssessmentBuilder
        ) -> None:
            check_tables(self.context, contents, builder)
            check_large_objects_included(self.context, contents, builder)

        return self._assess("The backup is whole", verify_contents, check)

    def assess_restored_data(self) -> Assessment:
        """Check before the migration that the restored backup equals the target.

        Compared are the catalog, counts, content and references.
        """
        return self._assess_restore("The backup restores to equal data", migrated=False)

    def assess_old_data(self) -> Assessment:
        """Check after the migration that the restored backup equals the snapshot.

        With `backup.restore = false` it is only read to its end.
        """
        if not self.context.migrations.backup.restore:
            return self.assess_completeness()
        return self._assess_restore("The backup holds the old data", migrated=True)

    def _assess(self, title: str, read: _ReadContents, check: _Check) -> Assessment:
        builder = AssessmentBuilder()
        try:
            backup = detect_backup(find_newest_backup(self.context))
            contents = read(self.context, backup)
        except InvalidBackup as error:
            builder.findings.append(error.finding)
        else:
            check(backup, contents, builder)
            builder.checked.append(backup.path.name)
            builder.figures = _describe_backup(backup, contents)
        return self.context.record_assessment(builder.build(title))

    def _assess_restore(self, title: str, *, migrated: bool) -> Assessment:
        original = "of-the-snapshot" if migrated else "of-the-target"
        plain = self.context.compute_once(
            f"restored-backup-{original}",
            lambda: self._restore_and_compare(title, migrated=migrated).to_plain(),
        )
        return self.context.record_assessment(Assessment.from_plain(plain))

    def _restore_and_compare(self, title: str, *, migrated: bool) -> Assessment:
        builder = AssessmentBuilder()
        try:
            backup = detect_backup(find_newest_backup(self.context))
            if migrated and (proof := find_restore_proof(self.context, backup)):
                return proof
            # Only a proof that is to be carried needs it, and a large file takes minutes.
            digest = "" if migrated else hash_backup(self.context, backup)
            with use_restored_copy(self.context, backup) as copy:
                builder.figures = _describe_restore(self.context, copy)
                self._compare_copy(copy, builder, migrated=migrated)
                if not migrated:
                    self._carry_proof(copy, digest, builder)
        except InvalidBackup as error:
            # The restore may have begun: nothing that was seen on the way counts.
            builder = AssessmentBuilder(findings=[error.finding])
        return builder.build(title)

    def _carry_proof(self, copy: RestoredBackup, digest: str, builder: AssessmentBuilder) -> None:
        """Compare the copy with the snapshot, too, so that Phase 1 need not restore it again."""
        if builder.findings or builder.not_proven:
            return
        try:
            compared = compare_restored_copy(self.context, copy, migrated=True)
            path = record_restore_proof(self.context, copy.backup, digest, compared)
        except NotProven:  # there is no snapshot yet
            path = None
        builder.figures["carried to Phase 1"] = path is not None

    def _compare_copy(
        self, copy: RestoredBackup, builder: AssessmentBuilder, *, migrated: bool
    ) -> None:
        for error in copy.unavailable:
            builder.add_gap(rules.EXTENSIONS_AVAILABLE, str(copy.backup), error)
        if copy.unavailable:
            return
        for error in copy.errors:
            builder.add_finding(rules.RESTORES, str(copy.backup), actual=error)
        try:
            compared = compare_restored_copy(self.context, copy, migrated=migrated)
        except NotProven as hole:
            # Half a copy may lack even its history; then the errors of the restore are what counts.
            if not copy.errors:
                raise
            builder.add_gap(rules.COMPARED, str(copy.backup), hole.reason)
            return
        builder.figures |= compared.figures
        builder.checked += compared.checked
        builder.findings += compared.findings
        builder.not_proven += compared.not_proven


def _describe_restore(context: DatabaseContext, copy: RestoredBackup) -> dict[str, Any]:
    share = copy.seconds / context.migrations.budget_seconds
    return {
        "backup": copy.backup.path.name,
        "kind": str(copy.backup.kind),
        "restored by": describe_restore_way(copy.backup),
        "seconds to restore": round(copy.seconds, 3),
        # Phase 1 restores a backup of its own, and needs about as long.
        "share of migrations.budget_seconds": f"{share:.0%}",
    }


def _describe_backup(backup: BackupFile, contents: BackupContents) -> dict[str, Any]:
    return {
        "backup": backup.path.name,
        "kind": str(backup.kind),
        "bytes": backup.size,
        "made at": format_time(contents.made_at.timestamp()),
        "by its file's date": contents.made_by_file,
        "tables": len(contents.tables) if contents.tables is not None else None,
    }

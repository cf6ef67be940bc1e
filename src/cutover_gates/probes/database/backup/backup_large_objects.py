"""Large objects in a backup: a dump may leave them out, and then nothing else is missing."""

from __future__ import annotations

from cutover_gates.core.evidence.assessment import AssessmentBuilder, NotReadable
from cutover_gates.core.findings import NotProven
from cutover_gates.probes.database.backup import rules
from cutover_gates.probes.database.backup.backup_contents import BackupContents
from cutover_gates.probes.database.bounded_reader import BoundedReader
from cutover_gates.probes.database.context import DatabaseContext
from cutover_gates.probes.database.outside_tables.large_object_comparison import (
    SUBJECT,
    ObjectRules,
    add_object_differences,
    check_references,
    find_object_differences,
)
from cutover_gates.probes.database.outside_tables.large_objects import read_large_objects
from cutover_gates.probes.database.outside_tables.model import (
    LargeObjectState,
    ObjectReferences,
)
from cutover_gates.probes.database.outside_tables.outside_capture import read_references
from cutover_gates.probes.database.snapshot.selection import find_newest_snapshot

_RULES = ObjectRules(
    rules.LARGE_OBJECTS_INCLUDED, rules.SAME_LARGE_OBJECTS, rules.LARGE_OBJECT_REFERENCES
)


def check_large_objects_included(
    context: DatabaseContext, contents: BackupContents, builder: AssessmentBuilder
) -> None:
    """Add a finding where the backup lists no large object, and the database holds some."""
    if contents.large_objects is not False:
        return
    with BoundedReader(context) as reader:
        try:
            count = read_large_objects(reader).count
        except NotReadable as error:
            builder.add_gap(rules.LARGE_OBJECTS_INCLUDED, SUBJECT, str(error))
            return
    if count:
        builder.add_finding(
            rules.LARGE_OBJECTS_INCLUDED,
            SUBJECT,
            expected=f"the {count} large objects of the target",
            actual="none in the backup",
        )


def compare_large_objects(
    context: DatabaseContext,
    copy_context: DatabaseContext,
    builder: AssessmentBuilder,
    *,
    migrated: bool,
) -> None:
    """Compare the large objects of a restored copy with the target's, or with the snapshot's."""
    try:
        with BoundedReader(copy_context) as copy:
            last = read_large_objects(copy).last
            state, references, since = _read_original(context, last, migrated=migrated)
            differences = find_object_differences(state, copy)
            unproven: dict[str, str] = {}
            found = read_references(copy_context, copy, unproven)
    except (NotReadable, NotProven) as error:
        builder.add_gap(rules.LARGE_OBJECTS_INCLUDED, SUBJECT, str(error))
        return
    settings = context.migrations.large_objects
    add_object_differences(
        builder,
        state,
        differences,
        since=since,
        lost_matter=settings.objects != "any",
        content_matters=settings.content != "any",
        rules_of=_RULES,
    )
    for name, now in found.items():
        was = references.get(name)
        declared = bool(settings.columns)
        check_references(
            builder, context.display_name(name), was, now, declared=declared, rules_of=_RULES
        )
    for name, reason in unproven.items():
        builder.add_gap(rules.LARGE_OBJECT_REFERENCES, context.display_name(name), reason)


def _read_original(
    context: DatabaseContext, last: int, *, migrated: bool
) -> tuple[LargeObjectState, dict[str, ObjectReferences], str]:
    if migrated:
        before = find_newest_snapshot(context)
        if before.outside is None:
            raise NotReadable("the snapshot does not hold them: take another one")
        return before.outside.large_objects, dict(before.outside.references), before.label
    unproven: dict[str, str] = {}
    with BoundedReader(context) as reader:
        # An object behind the last one of the copy came since the backup.
        state = read_large_objects(reader, last or None)
        references = read_references(context, reader, unproven)
    return state, references, "the target"

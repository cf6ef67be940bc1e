"""Large objects and their references, compared with what they were before."""

from __future__ import annotations

from dataclasses import dataclass, field

from cutover_gates.core.evidence.assessment import AssessmentBuilder
from cutover_gates.core.findings import Rule
from cutover_gates.probes.database.bounded_reader import MAX_KEYS_IN_FINDING, BoundedReader
from cutover_gates.probes.database.outside_tables import rules
from cutover_gates.probes.database.outside_tables.large_objects import (
    read_segments,
    read_single_objects,
)
from cutover_gates.probes.database.outside_tables.model import (
    LargeObjectSegment,
    LargeObjectState,
    ObjectReferences,
)

SUBJECT = "large objects"


@dataclass(frozen=True)
class ObjectRules:
    """The rules that a comparison breaks: of lost objects, other content, and references."""

    kept: Rule
    content: Rule
    references: Rule


_RULES = ObjectRules(rules.LARGE_OBJECTS_KEPT, rules.LARGE_OBJECT_CONTENT, rules.REFERENCES)


@dataclass
class ObjectDifferences:
    """The objects of before that are gone or changed, and those that came since.

    `examples` are OIDs, or the first OID of a group. `unclear`: groups in which new objects hide
    whether an old one is gone.
    """

    lost: int = 0
    changed: int = 0
    new: int = 0
    lost_examples: list[int] = field(default_factory=list)
    changed_examples: list[int] = field(default_factory=list)
    unclear: list[int] = field(default_factory=list)


def find_object_differences(before: LargeObjectState, reader: BoundedReader) -> ObjectDifferences:
    """Compare the objects with those of before. Raise `NotReadable`."""
    bounds = [segment.first for segment in before.segments]
    # What is behind the last object of before came since.
    found = read_segments(reader, [*bounds, before.last + 1])
    result = ObjectDifferences(new=found.pop(0, (0, 0))[0])
    result.new += found.pop(len(bounds) + 1, (0, 0))[0] if bounds else 0
    differing = [
        (segment, found.get(number, (0, 0)))
        for number, segment in enumerate(before.segments, 1)
        if found.get(number, (0, 0)) != (segment.objects, segment.content)
    ]
    single = [segment.first for segment, _ in differing if segment.objects == 1]
    there = read_single_objects(reader, single) if single else {}
    for segment, (objects, _) in differing:
        if segment.objects == 1:
            _add_single(result, segment, there.get(segment.first), objects)
        else:
            _add_group(result, segment, objects)
    return result


def _add_single(
    result: ObjectDifferences, segment: LargeObjectSegment, content: int | None, objects: int
) -> None:
    result.new += objects - (content is not None)
    if content is None:
        result.lost += 1
        result.lost_examples.append(segment.first)
    elif content != segment.content:
        result.changed += 1
        result.changed_examples.append(segment.first)


def _add_group(result: ObjectDifferences, segment: LargeObjectSegment, objects: int) -> None:
    if objects < segment.objects:
        result.lost += segment.objects - objects
        result.lost_examples.append(segment.first)
    elif objects == segment.objects:
        result.changed += 1
        result.changed_examples.append(segment.first)
    else:
        result.new += objects - segment.objects
        result.unclear.append(segment.first)


def add_object_differences(
    builder: AssessmentBuilder,
    before: LargeObjectState,
    differences: ObjectDifferences,
    *,
    since: str,
    lost_matter: bool = True,
    content_matters: bool = True,
    rules_of: ObjectRules = _RULES,
) -> None:
    """Add what is gone or changed. `since` names what it is compared with."""
    builder.checked.append(f"{before.count} large objects of {since}")
    expected = f"{before.count} large objects, as in {since}"
    if differences.lost and lost_matter:
        builder.add_finding(
            rules_of.kept,
            SUBJECT,
            expected=expected,
            actual=f"{differences.lost} gone: {_list_examples(differences.lost_examples)}",
        )
    if differences.changed and content_matters:
        builder.add_finding(
            rules_of.content,
            SUBJECT,
            expected=expected,
            actual=(
                f"{differences.changed} with other content:"
                f" {_list_examples(differences.changed_examples)}"
            ),
        )
    if differences.unclear and (lost_matter or content_matters):
        reason = (
            "new objects stand between those of before, from"
            f" {_list_examples(differences.unclear)} on, so it is not known whether one is gone"
        )
        builder.add_gap(rules_of.kept, SUBJECT, reason)


def check_references(
    builder: AssessmentBuilder,
    name: str,
    before: ObjectReferences | None,
    now: ObjectReferences,
    *,
    declared: bool,
    rules_of: ObjectRules = _RULES,
) -> None:
    """Add a finding where more references than before find no object.

    A column whose values never were large objects (OIDs of something else) is left alone, unless
    it is declared.
    """
    known = before or ObjectReferences(0, 0)
    is_used = declared or known.values > known.missing or now.values > now.missing
    # A new column, or one that was empty: all of its objects may be gone.
    is_used = is_used or (not known.values and now.values > 0)
    if not is_used:
        return
    builder.checked.append(name)
    if now.missing > known.missing:
        builder.add_finding(
            rules_of.references,
            name,
            expected=f"{known.missing} references without their object, as before",
            actual=f"{now.missing} of {now.values}",
        )


def _list_examples(oids: list[int]) -> str:
    shown = ", ".join(map(str, sorted(oids)[:MAX_KEYS_IN_FINDING]))
    more = len(oids) - MAX_KEYS_IN_FINDING
    return f"{shown} and {more} more" if more > 0 else shown

"""What one release wrote and the other read: what is found, what is not proven, what is not judged."""

from __future__ import annotations

import pytest

from cutover_gates.watch import rules
from cutover_gates.watch.probe_results import Crossing, PathProbe, ProbeOutcome
from cutover_gates.watch.release_crossings import (
    FIRST,
    NEWEST,
    Registration,
    Registrations,
    assess_crossings,
)
from tests.unit.watch.test_journal import DRAFT

OLD, NEW = "1.9.0", "2.0.0"
RULE = rules.UNDERSTOOD_ACROSS_RELEASES


def probe(
    release: str, *crossings: Crossing, outcome: ProbeOutcome = ProbeOutcome.OK, status: int = 200
) -> PathProbe:
    return PathProbe(
        "across-releases", 1, 1, 0.1, outcome, "why", status, release, crossings=crossings
    )


def crossed(kind: str) -> Crossing:
    return Crossing(kind, OLD, NEW)


BOTH = [probe(OLD), probe(NEW, crossed("read"), crossed("repeated"))]


def test_both_kinds_from_the_old_release_to_the_new_one_are_proof() -> None:
    builder = assess_crossings(BOTH, repeats=True)
    assert not builder.findings
    assert not builder.not_proven
    assert builder.figures["crossed"] == {"read: 1.9.0 → 2.0.0": 1, "repeated: 1.9.0 → 2.0.0": 1}


def test_what_never_crossed_is_not_proven() -> None:
    gaps = assess_crossings([probe(OLD), probe(NEW, crossed("read"))], repeats=True).not_proven
    assert [(gap.rule, gap.subject) for gap in gaps] == [(RULE, "repeated")]


def test_who_knows_no_keys_is_not_asked_for_them() -> None:
    results = [probe(OLD), probe(NEW, crossed("read"))]
    assert not assess_crossings(results, repeats=False).not_proven


def test_the_other_direction_alone_is_not_proof() -> None:
    back = Crossing("read", NEW, OLD)
    assert assess_crossings([probe(OLD), probe(NEW), probe(OLD, back)], repeats=False).not_proven


@pytest.mark.parametrize("release", ["", NEW])
def test_of_one_release_or_of_none_nothing_is_judged(release: str) -> None:
    builder = assess_crossings([probe(release)] * 3, repeats=True)
    assert not builder.not_proven
    assert ("not shown" in builder.figures) == (not release)


@pytest.mark.parametrize(
    ("outcome", "status", "found"),
    [
        (ProbeOutcome.WRONG_CONTENT, 200, 1),
        (ProbeOutcome.WRONG_STATUS, 404, 1),
        (ProbeOutcome.WRONG_STATUS, 409, 1),
        (ProbeOutcome.WRONG_STATUS, 503, 0),
        (ProbeOutcome.NO_ANSWER, 0, 0),
        (ProbeOutcome.TIMED_OUT, 0, 0),
        (ProbeOutcome.LATE, 200, 0),
        (ProbeOutcome.WATCHER_ERROR, 0, 0),
    ],
)
def test_a_wrong_answer_is_a_finding_and_an_outage_is_none(
    outcome: ProbeOutcome, status: int, found: int
) -> None:
    wrong = probe(NEW, crossed("read"), outcome=outcome, status=status)
    findings = assess_crossings([*BOTH, wrong], repeats=True).findings
    assert [(one.rule, one.subject) for one in findings] == [(RULE, "read")] * found


def test_a_wrong_answer_of_the_same_release_is_no_matter_of_two() -> None:
    own = Crossing("read", NEW, NEW)
    wrong = probe(NEW, own, outcome=ProbeOutcome.WRONG_CONTENT)
    assert not assess_crossings([*BOTH, wrong], repeats=True).findings


def test_the_first_registrations_are_kept_beside_the_newest() -> None:
    kept = Registrations()
    for number in range(200):
        kept.add(Registration(None, DRAFT, str(number), OLD))  # type: ignore[arg-type]  # unused
    assert [one.key for one in kept.first] == ["0", "1", "2"]
    assert len(kept.first) == FIRST
    assert len(kept.newest) == NEWEST
    assert {kept.choose().key in ("0", "1", "2") for _ in range(100)} == {True, False}


def test_a_crossing_stands_in_the_record_as_it_was() -> None:
    result = probe(NEW, crossed("read"))
    assert PathProbe.from_plain(result.to_plain()) == result

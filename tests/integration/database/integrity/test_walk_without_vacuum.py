"""A table that was written since its last VACUUM: its indexes are walked slowly, and that is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.core.evidence.assessment import NotReadable
from cutover_gates.probes.database.bounded_reader import BoundedReader, OutOfTime
from cutover_gates.probes.database.integrity import rules
from cutover_gates.probes.database.integrity.assessments import IntegrityAssessments
from cutover_gates.probes.database.integrity.index_consistency import VACUUM_FIRST
from tests.integration.database.conftest import BEFORE, CopyDatabase
from tests.integration.database.contexts import make_database_context

# Above a megabyte. The statistics say how many pages everybody sees in full.
LARGE = (
    # VACUUM marks nothing that a commit wrote which is not on the disk yet.
    "SET synchronous_commit = on",
    "CREATE TABLE t (id int PRIMARY KEY, a text) WITH (autovacuum_enabled = off)",
    "INSERT INTO t SELECT n, repeat('a', 200) FROM generate_series(1, 9000) n",
    "ANALYZE t",
)


@pytest.mark.parametrize(("last", "told"), [("ANALYZE t", ["t"]), ("VACUUM t", None)])
def test_the_figures_name_what_a_vacuum_makes_faster(
    spare: CopyDatabase, tmp_path: Path, last: str, told: list[str] | None
) -> None:
    context = make_database_context(spare(BEFORE, *LARGE, last), tmp_path)
    walked = IntegrityAssessments(context).assess_indexes()
    assert walked.figures.get(VACUUM_FIRST) == told
    assert "t.t_pkey" in walked.checked
    assert not walked.findings


@pytest.mark.parametrize(
    ("error", "last", "is_told"),
    [
        (OutOfTime("not seen to the end"), "ANALYZE t", True),
        (OutOfTime("not seen to the end"), "VACUUM t", False),
        (NotReadable("another session holds a lock on it"), "ANALYZE t", False),
    ],
)
def test_a_walk_that_was_too_slow_says_what_to_do(
    spare: CopyDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: NotReadable,
    last: str,
    *,
    is_told: bool,
) -> None:
    def stop(_reader: BoundedReader) -> str:
        raise error

    context = make_database_context(spare(BEFORE, *LARGE, last), tmp_path)
    monkeypatch.setattr(BoundedReader, "export_moment", stop)
    gaps = IntegrityAssessments(context).assess_indexes().not_proven
    (gap,) = [one for one in gaps if one.subject == "t.t_pkey"]
    assert gap.rule == rules.INDEX_CONTENT
    assert ("run VACUUM (ANALYZE) t before the gate" in gap.actual) == is_told

"""Staging's newest Phase 1 counts if it ended in GO, for this release and with these scripts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.core.evidence.assessment import Assessment
from cutover_gates.probes.database.history.migration_scripts import load_install_scripts
from cutover_gates.probes.database.rehearsal import rules
from cutover_gates.probes.database.rehearsal.staging_verdict import StagingAssessments
from tests.findings import raises_gap
from tests.integration.database.contexts import ROOT, make_database_context

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"
Judged = Callable[..., Assessment]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the verdict of a Phase 1 on staging into a run's folder.

    Its arguments are the differences from a verdict that is accepted.
    """
    scripts = {
        script.file_name: script.sha256
        for script in load_install_scripts(make_database_context(NOWHERE, tmp_path))
    }

    def make(
        *,
        day: int = 20,
        scripts: dict[str, str] = scripts,
        word: str = "GO",
        target: str = "staging",
        gate: str = "phase1",
        release: str = "2.0.0",
        outcome: str = "passed",
    ) -> Path:
        verdict = json.loads((ROOT / "reports/sample/verdict.json").read_text(encoding="utf-8"))
        evidence = [
            {
                "kind": "assessment",
                "title": "History",
                "facts": {"scripts": scripts} if scripts else {},
            }
        ]
        check = {
            "check": "migrations/test_history.py::test_x",
            "outcome": outcome,
            "why": "",
            "seconds": 0.1,
            "evidence": evidence,
        }
        why = "agreed" if outcome == "waived" else ""
        item = {
            **verdict["items"][0],
            "id": "migrations-applied",
            "outcome": outcome,
            "why": why,
            "checks": [check],
            "decision": None,
        }
        moment = f"2026-11-{day:02}T02:00:00.000Z"
        verdict |= {
            "gate": gate,
            "target": target,
            "release": release,
            "verdict": word,
            "started": moment,
            "finished": moment,
            "items": [item],
        }
        folder = tmp_path / "runs" / f"202611{day:02}T020000Z-{target}-{gate}"
        folder.mkdir(parents=True)
        (folder / "verdict.json").write_text(json.dumps(verdict), encoding="utf-8")
        return folder

    return make


@pytest.fixture
def judged(tmp_path: Path) -> Judged:
    return lambda **migrations: StagingAssessments(
        make_database_context(NOWHERE, tmp_path, **migrations)
    ).assess_verdict()


def test_a_go_with_these_scripts_is_proof(run: Callable[..., Path], judged: Judged) -> None:
    folder = run()
    assessment = judged()
    assert not assessment.findings + assessment.not_proven
    assert assessment.checked == (folder.name,)
    assert assessment.figures["verdict"] == "GO"


def test_a_go_with_waivers_is_told_with_what_was_waived(
    run: Callable[..., Path], judged: Judged
) -> None:
    run(word="GO WITH WAIVERS", outcome="waived")
    assessment = judged()
    assert not assessment.findings
    assert assessment.figures["verdict"] == "GO WITH WAIVERS"
    assert assessment.figures["waived"] == {"migrations-applied": "agreed"}


def test_a_no_go_is_found(run: Callable[..., Path], judged: Judged) -> None:
    run(word="NO-GO")
    (finding,) = judged().findings
    assert (finding.rule, finding.subject) == (rules.STAGING_GO, "phase1 on staging")
    assert finding.actual.startswith("NO-GO at ")


def test_the_newest_verdict_counts(run: Callable[..., Path], judged: Judged) -> None:
    run(day=20)
    run(day=21, word="NO-GO")
    assert judged().findings


def test_an_older_no_go_does_not_count(run: Callable[..., Path], judged: Judged) -> None:
    run(day=20, word="NO-GO")
    run(day=21)
    assert not judged().findings


def test_another_release_is_found(run: Callable[..., Path], judged: Judged) -> None:
    run(release="1.9.9")
    (finding,) = judged().findings
    assert finding.rule == rules.STAGING_RELEASE
    assert (finding.expected, finding.actual) == ("release 2.0.0", "release 1.9.9")


def test_an_edited_script_is_found_by_name(
    run: Callable[..., Path], judged: Judged, tmp_path: Path
) -> None:
    there = {
        script.file_name: script.sha256
        for script in load_install_scripts(make_database_context(NOWHERE, tmp_path))
    }
    run(scripts={**there, "V8__visit_status_in_words.sql": "0" * 64})
    (finding,) = judged().findings
    assert finding.rule == rules.STAGING_SCRIPTS
    assert finding.subject == "V8__visit_status_in_words.sql"
    assert finding.actual == "SHA-256 000000000000… on staging"


def test_a_script_more_or_less_is_found_by_name(
    run: Callable[..., Path], judged: Judged, tmp_path: Path
) -> None:
    there = {
        script.file_name: script.sha256
        for script in load_install_scripts(make_database_context(NOWHERE, tmp_path))
    }
    run(
        scripts={name: digest for name, digest in there.items() if not name.startswith("V9")}
        | {"V11__other.sql": "1" * 64}
    )
    missing, more = judged().findings
    assert missing.rule == more.rule == rules.STAGING_SCRIPTS
    assert missing.subject == "V9__document_size_and_digest.sql"
    assert missing.actual == "not applied there"
    assert (more.subject, more.actual) == ("V11__other.sql", "applied on staging only")


def test_a_verdict_that_names_no_scripts_proves_nothing(
    run: Callable[..., Path], judged: Judged
) -> None:
    run(scripts={})
    assert [gap.rule for gap in judged().not_proven] == [rules.STAGING_EVIDENCE]


@pytest.mark.parametrize(
    "other", [{"target": "production"}, {"gate": "phase3"}, {"gate": "phase1 or smoke"}]
)
def test_other_runs_are_not_stagings_phase_1(
    run: Callable[..., Path], judged: Judged, other: dict[str, Any]
) -> None:
    run(**other)
    with raises_gap(rules.STAGING_JUDGED) as raised:
        judged()
    (gap,) = raised.value.gaps
    assert (gap.subject, gap.reproduce) == ("staging", "pytest -m phase1 --target staging")


def test_another_target_may_be_named(run: Callable[..., Path], judged: Judged) -> None:
    run(target="rehearsal")
    assert not judged(staging="rehearsal").findings


def test_no_verdict_at_all_is_a_hole(judged: Judged) -> None:
    with raises_gap(rules.STAGING_JUDGED):
        judged()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": "urn:cutover:verdict:1"}'])
def test_a_torn_verdict_of_staging_is_a_hole_beside_a_good_one(
    run: Callable[..., Path], judged: Judged, text: str
) -> None:
    run(day=20)
    (run(day=21) / "verdict.json").write_text(text)
    with raises_gap(rules.STAGING_JUDGED) as raised:
        judged()
    assert raised.value.gaps[0].subject == "20261121T020000Z-staging-phase1/verdict.json"


def test_a_torn_verdict_of_another_run_hinders_nothing(
    run: Callable[..., Path], judged: Judged
) -> None:
    run(day=20)
    (run(day=21, gate="phase3") / "verdict.json").write_text("{")
    assert not judged().findings

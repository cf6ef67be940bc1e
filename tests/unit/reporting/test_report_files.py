"""The files of a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import cutover_gates.reporting.verdict_files as write
from cutover_gates.core.verdict import Outcome, VerdictWord
from tests.unit.reporting.sample_verdicts import NOW, PLAN, SUBJECT, sample_verdict


def test_all_files_are_written_and_named(tmp_path: Path) -> None:
    """The folder is made, and holds nothing else."""
    paths = write.write_all(sample_verdict(), tmp_path / "a" / "b")
    assert sorted(path.name for path in paths) == [
        "junit.xml",
        "status.md",
        "verdict.html",
        "verdict.json",
    ]
    assert sorted((tmp_path / "a" / "b").iterdir()) == sorted(paths)


def test_a_killed_run_leaves_a_no_go(tmp_path: Path) -> None:
    """The placeholder is an ordinary verdict: nothing proven, and one hold that says why."""
    verdict = write.unfinished_verdict(PLAN, "phase3", SUBJECT, NOW)
    write.write_all(verdict, tmp_path)
    document = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert verdict.word is VerdictWord.NO_GO
    assert document["verdict"] == "NO-GO"
    assert document["holds"] == ["the run did not come to its end"]
    assert {item["outcome"] for item in document["items"]} == {Outcome.NOT_PROVEN.value}


@pytest.mark.parametrize("broken", ["to_html", "to_markdown", "to_json"])
def test_what_cannot_be_laid_out_leaves_the_no_go_of_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """A GO never stands in the folder without all of its files."""
    write.write_all(write.unfinished_verdict(PLAN, "phase3", SUBJECT, NOW), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def breaks(_verdict: object) -> str:
        raise RuntimeError

    monkeypatch.setattr(write, broken, breaks)
    with pytest.raises(RuntimeError):
        write.write_all(sample_verdict(), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_bytes_that_are_no_text_do_not_cost_the_verdict(tmp_path: Path) -> None:
    """A lone surrogate, as a garbled answer may leave one, is written as its escape, and JSON reads
    it back.
    """
    write.write_all(sample_verdict({"patients": Outcome.FAILED}, why="got \udcff"), tmp_path)
    document = json.loads((tmp_path / "verdict.json").read_text(encoding="utf-8"))
    assert (
        next(item for item in document["items"] if item["id"] == "patients")["why"] == "got \udcff"
    )

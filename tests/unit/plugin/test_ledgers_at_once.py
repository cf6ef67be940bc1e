"""Runs of an embedded hospital that go on at once keep their ledgers in one folder."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from cutover_gates.core.evidence.ledger import Ledger
from cutover_gates.plugin.cleanup import sweep_dead_runs


def test_the_ledger_of_a_living_run_stays(tmp_path: Path) -> None:
    """A run that begins removes what dead runs left, and nothing that is still written."""
    living = Ledger(tmp_path / "cut1-main.jsonl", "cut1", "embedded")
    dead = Ledger(tmp_path / "cut2-main.jsonl", "cut2", "embedded")
    dead._file.close()  # as a kill does
    (tmp_path / "cut3-main.jsonl").touch()  # a run that is about to lock it
    run = SimpleNamespace(ledgers=tmp_path, tag="cut4")
    target = SimpleNamespace(is_ephemeral=True)
    assert sweep_dead_runs(cast("Any", run), cast("Any", target)) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "cut1-main.jsonl",
        "cut3-main.jsonl",
    ]
    living.close()

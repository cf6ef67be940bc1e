"""Each run has a folder of its own, and `latest` names the run that began last."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cutover_gates.reporting.run_folders import (
    LATEST,
    create_folder,
    find_latest,
    point_latest,
    run_folder_name,
)
from cutover_gates.util.text import format_rfc3339

START = datetime(2026, 11, 23, 2, 14, 5, tzinfo=UTC)


def make_run(reports: Path, name: str, started: datetime) -> Path:
    """Make the folder of a run with the verdict of its start."""
    folder = create_folder(reports / name)
    text = json.dumps({"started": format_rfc3339(started)})
    (folder / "verdict.json").write_text(text, encoding="utf-8")
    return folder


def test_a_folder_is_named_by_time_target_gate_and_run() -> None:
    """Sorted by name is sorted by time; an expression makes a name without blanks or path parts."""
    name = run_folder_name(START, "staging", "phase3 and not contract", "cut2611230214a1b2")
    assert name == "20261123T021405Z-staging-phase3-and-not-contract-cut2611230214a1b2"
    assert run_folder_name(START, "../x", "phase3", "cut1") == "20261123T021405Z-x-phase3-cut1"


def test_a_name_is_never_too_long_for_a_file_system() -> None:
    gate = " or ".join(["phase3 and not contract"] * 40)
    assert len(run_folder_name(START, "t" * 300, gate, "cut1")) < 200


def test_a_folder_that_exists_is_never_shared(tmp_path: Path) -> None:
    """Twenty at once with one name make twenty folders."""
    with ThreadPoolExecutor(20) as pool:
        folders = list(pool.map(create_folder, [tmp_path / "run"] * 20))
    assert len(set(folders)) == 20


@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the later one first"])
def test_latest_names_the_run_that_began_last(tmp_path: Path, order: tuple[int, int]) -> None:
    """It does not matter which of two runs that go on at once points to itself last."""
    starts = [START, START + timedelta(milliseconds=3)]
    folders = [make_run(tmp_path, f"run-{number}", start) for number, start in enumerate(starts)]
    for number in order:
        point_latest(folders[number], starts[number])
    assert find_latest(tmp_path) == folders[1]
    assert (tmp_path / LATEST).is_symlink()


def test_a_start_in_the_future_does_not_hide_later_runs(tmp_path: Path) -> None:
    """The clock was set back since."""
    future = datetime.now(UTC) + timedelta(days=1)
    point_latest(make_run(tmp_path, "future", future), future)
    newest = make_run(tmp_path, "now", START)
    point_latest(newest, START)
    assert find_latest(tmp_path) == newest


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"started": 5}', '{"started": "soon"}'])
def test_a_latest_that_cannot_be_read_is_replaced(tmp_path: Path, content: str) -> None:
    broken = make_run(tmp_path, "broken", START)
    point_latest(broken, START)
    (broken / "verdict.json").write_text(content, encoding="utf-8")
    older = make_run(tmp_path, "older", START - timedelta(days=1))
    point_latest(older, START - timedelta(days=1))
    assert find_latest(tmp_path) == older


def test_without_symbolic_links_latest_is_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the name of the folder, and is replaced like a link."""

    def refuse(_self: Path, _target: str) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    for days, name in enumerate(["first", "second"]):
        started = START + timedelta(days=days)
        point_latest(make_run(tmp_path, name, started), started)
    assert (tmp_path / LATEST).read_text(encoding="utf-8") == "second\n"
    assert find_latest(tmp_path) == tmp_path / "second"
    assert not list(tmp_path.glob(".latest.*.tmp"))


def test_without_runs_there_is_no_latest(tmp_path: Path) -> None:
    assert find_latest(tmp_path) is None

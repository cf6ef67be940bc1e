"""What a watcher asks by its settings: what either release lacks is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.probe_paths import IDEMPOTENCY, STREAM
from cutover_gates.watch.watch_plan import OLDER_LACKS, WatchPlan

DECLARED = """target = "site"
[targets.site]
url = "http://site"
release = "2.0.0"
"""


def make_plan(folder: Path, more: str = "") -> WatchPlan:
    (folder / "cutover.toml").write_text(DECLARED + more)
    target = RunningTarget("site", "remote", "http://site", "2.0.0", production=False, users={})
    return WatchPlan(load_settings(None, folder), target)


def test_without_declarations_every_path_but_the_streams_is_asked(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    assert set(plan.intervals) == set(plan.settings.chosen_target.watch.paths.intervals()) - {
        STREAM
    }
    assert plan.describe("w")["repeats"] is True


def test_a_declared_stream_is_looked_at(tmp_path: Path) -> None:
    assert STREAM in make_plan(tmp_path, "watch.stream.path = '/events'\n").intervals


@pytest.mark.parametrize(
    "value", ["false", "{ value = false, reason = 'no', by = 'x', at = 2026-11-30 }"]
)
def test_what_the_release_before_lacks_is_not_asked_of_either(tmp_path: Path, value: str) -> None:
    older = (
        f"[targets.site.previous.differs.capabilities]\n{IDEMPOTENCY} = {value}\nupload = {value}\n"
    )
    plan = make_plan(tmp_path, older)
    assert plan.unsupported[IDEMPOTENCY] == OLDER_LACKS
    assert plan.describe("w")["repeats"] is False
    assert not {"upload", "upload-slow", "download"} & set(plan.intervals)


def test_what_it_has_is_asked(tmp_path: Path) -> None:
    older = f"[targets.site.previous.differs.capabilities]\n{IDEMPOTENCY} = true\n"
    assert make_plan(tmp_path, older).describe("w")["repeats"] is True

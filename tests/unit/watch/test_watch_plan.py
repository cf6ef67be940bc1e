"""What a watcher asks by its settings: what either release lacks is left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from cutover_gates.config.base import SettingsError
from cutover_gates.config.loader import load_settings
from cutover_gates.targets.driver_factory import rollout_of
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


def test_a_step_is_filled_up_by_nothing_unless_a_rate_is_declared(tmp_path: Path) -> None:
    fill = make_plan(tmp_path).fill_settings
    assert (fill.rate, fill.is_pinned) == (0, False)
    assert fill.names == ("read-extra", "search-extra", "download-extra")


def test_a_declared_header_pins_the_further_probes(tmp_path: Path) -> None:
    more = (
        "[targets.site.rollout]\npin_header = 'X-Wanted: v{release}'\nlongest_seconds = 2000\n"
        "proof = { extra_rate = 4, extra_probes = 70 }\n"
    )
    plan = make_plan(tmp_path, more)
    fill = plan.fill_settings
    assert (fill.rate, fill.most, fill.longest_seconds) == (4, 70, 2000)
    assert fill.names[0] == "read-pinned"
    rollout = rollout_of(plan.settings, plan.target)
    assert rollout.make_pin_headers("2.0.0") == {"X-Wanted": "v2.0.0"}


def test_a_path_that_the_target_lacks_is_not_filled_up(tmp_path: Path) -> None:
    older = "[targets.site.previous.differs.capabilities]\nupload = false\n"
    assert make_plan(tmp_path, older).fill_settings.names == ("read-extra", "search-extra")


@pytest.mark.parametrize(
    "header",
    ["X-Wanted", "X Wanted: 1", ": 1", "X-Wanted: {percent}", "X-Wanted: 1\\nA: 2", "X: {"],
)
def test_a_header_that_is_none_is_told(tmp_path: Path, header: str) -> None:
    with pytest.raises(SettingsError, match="pin_header"):
        make_plan(tmp_path, f'[targets.site.rollout]\npin_header = "{header}"\n')

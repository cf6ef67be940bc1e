"""The triggers of a watch at a gate: passed, failed, not proven, and every way to hide a firing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cutover_gates.config.triggers import TriggerSettings
from cutover_gates.core.findings import NotProven
from cutover_gates.core.triggers.trigger_names import TriggerName
from cutover_gates.watch.kept_triggers import STATE_FILE
from cutover_gates.watch.record_lines import EVALUATION, FIRED, TRIGGERS
from tests.trigger_records import (
    BEGINS,
    SECONDS,
    WatchedTriggers,
    fail_from,
    list_rules,
)

Lines = list[dict[str, Any]]
ERRORS = TriggerName.ERRORS


@pytest.mark.parametrize("trigger", ["health", "error-rate", "response-time", "database"])
def test_a_quiet_watch_passes(tmp_path: Path, trigger: str) -> None:
    found = WatchedTriggers(tmp_path).write().ask().assess(TriggerName(trigger))
    assert list(list_rules(found)) == []
    assert found.checked
    assert list(found.figures["segments"])
    assert found.figures[STATE_FILE]


def test_a_firing_is_a_finding_with_its_moment(tmp_path: Path) -> None:
    asked = WatchedTriggers(tmp_path, fail_from(300)).write().ask()
    found = asked.assess_error_rate()
    assert "TRIGGER-001" in list_rules(found)
    assert "10 of" not in found.findings[0].expected
    assert "(5.00%) failed, fired" in found.findings[0].actual
    assert list(list_rules(asked.assess_health())) == []


def test_what_fired_and_was_well_again_stays_failed(tmp_path: Path) -> None:
    found = WatchedTriggers(tmp_path, fail_from(300, 800)).write().ask().assess(ERRORS)
    assert "TRIGGER-001" in list_rules(found)


def test_pending_is_not_proven(tmp_path: Path) -> None:
    found = WatchedTriggers(tmp_path, fail_from(SECONDS - 100)).write().ask().assess(ERRORS)
    assert list(list_rules(found)) == ["TRIGGER-002?"]


def test_a_firing_before_the_window_still_counts(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path, fail_from(-900, -300)).write(begins=-1000)
    assert list(list_rules(watch.ask().assess(ERRORS))) == ["TRIGGER-001"]


def test_a_firing_is_a_finding_where_no_window_is_declared(tmp_path: Path) -> None:
    """A step may be watched by a watcher of its own: `watch.begins` is not set then."""
    asked = WatchedTriggers(tmp_path, fail_from(300)).write().ask(window=None)
    assert list(list_rules(asked.assess(ERRORS))) == ["TRIGGER-001", "WATCH-001?"]


@pytest.mark.parametrize("trigger", ["health", "error-rate", "response-time", "database"])
def test_without_a_declared_window_nothing_is_proven(tmp_path: Path, trigger: str) -> None:
    asked = WatchedTriggers(tmp_path).write().ask(window=None)
    with pytest.raises(NotProven, match=r"watch\.begins"):
        asked.assess(TriggerName(trigger))


def test_a_restart_before_the_window_does_not_count_in_it(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path).write(begins=-600, ends=-300).write(begins=-100)
    assert list(list_rules(watch.ask().assess(ERRORS))) == []


def test_a_restart_in_the_window_is_not_proven(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path).write(ends=600).write(begins=620)
    assert list(list_rules(watch.ask().assess(ERRORS))) == ["TRIGGER-002?"]


def test_a_kill_between_line_and_state_agrees(tmp_path: Path) -> None:
    """The last evaluation stands in the record, and the state does not know it."""
    watch = WatchedTriggers(tmp_path).write(begins=-600, ends=-300)
    kept = (tmp_path / STATE_FILE).read_text()
    watch.write(begins=-295, ends=-295)
    path = max(tmp_path.glob("*.jsonl"), key=lambda one: one.stat().st_mtime)
    late = json.loads(path.read_text().splitlines()[3])
    path.unlink()
    (tmp_path / STATE_FILE).write_text(kept)
    watch.rewrite(lambda lines: [*lines[:-1], {"do": EVALUATION, **late}, lines[-1]])
    watch.write(begins=-100)
    assert list(list_rules(watch.ask().assess(ERRORS))) == []


@pytest.mark.parametrize(
    ("window", "rule"),
    [
        ({"begins": BEGINS - 600}, "TRIGGER-003?"),
        ({"ends": BEGINS + SECONDS + 4}, ""),
    ],
)
def test_time_without_evaluations_is_not_proven(
    tmp_path: Path, window: dict[str, float], rule: str
) -> None:
    found = WatchedTriggers(tmp_path).write().ask(window=window).assess(ERRORS)
    assert list(list_rules(found)) == [rule] * bool(rule)


def test_a_watcher_that_ended_before_the_gate_is_not_proven(tmp_path: Path) -> None:
    found = WatchedTriggers(tmp_path).write(ends=SECONDS - 60).ask().assess(ERRORS)
    assert "TRIGGER-003?" in list_rules(found)


def test_nothing_watched_is_not_proven(tmp_path: Path) -> None:
    with pytest.raises(NotProven):
        WatchedTriggers(tmp_path).ask().assess(ERRORS)


# ── ways to hide what fired ──


def _remove_state(watch: WatchedTriggers) -> None:
    (watch.folder / STATE_FILE).unlink()


def _remove_record(watch: WatchedTriggers) -> None:
    """Another record, of a quiet watch, in the place of the one in which it fired."""
    kept = (watch.folder / STATE_FILE).read_text()
    for path in watch.folder.glob("*.jsonl"):
        path.unlink()
    (watch.folder / STATE_FILE).unlink()
    WatchedTriggers(watch.folder).write()
    (watch.folder / STATE_FILE).write_text(kept)


def _cut_out(watch: WatchedTriggers) -> None:
    """The evaluations of the trouble are gone, and the sums are right."""

    def cut(lines: Lines) -> Lines:
        return [
            line
            for line in lines
            if line["do"] not in (EVALUATION, FIRED) or not 300 <= line["at"] - BEGINS < 800
        ]

    watch.rewrite(cut)


def _make_good(watch: WatchedTriggers) -> None:
    """No request failed any more, and the sums are right."""

    def mend(lines: Lines) -> Lines:
        kept = [line for line in lines if line["do"] != FIRED]
        for line in kept:
            if line["do"] == EVALUATION:
                line["evaluation"] = line["evaluation"].replace('"bad":10', '"bad":0')
        return kept

    watch.rewrite(mend)


def _forget_the_begin(watch: WatchedTriggers) -> None:
    _make_good(watch)
    _remove_state(watch)
    watch.rewrite(lambda lines: [line for line in lines if line["do"] != TRIGGERS])


def _begin_anew(watch: WatchedTriggers) -> None:
    """The state is taken away, and a second watcher begins anew and sees nothing bad."""
    _remove_state(watch)
    WatchedTriggers(watch.folder).write(begins=1_000)


def _put_state_back(watch: WatchedTriggers) -> None:
    """A state of before the trouble."""
    short = watch.folder / "short"
    WatchedTriggers(short).write(ends=200)
    (watch.folder / STATE_FILE).write_text((short / STATE_FILE).read_text())


@pytest.mark.parametrize(
    "hide",
    [
        _remove_state,
        _remove_record,
        _cut_out,
        _make_good,
        _forget_the_begin,
        _begin_anew,
        _put_state_back,
    ],
)
def test_what_fired_is_never_hidden(
    tmp_path: Path, hide: Callable[[WatchedTriggers], None]
) -> None:
    watch = WatchedTriggers(tmp_path, fail_from(300, 800)).write()
    hide(watch)
    found = watch.ask().assess(ERRORS)
    assert found.findings or found.not_proven


def test_a_record_that_does_not_come_to_the_kept_state_is_not_proven(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path).write()
    watch.rewrite(lambda lines: [line for number, line in enumerate(lines) if number != 101])
    assert list(list_rules(watch.ask().assess(ERRORS))) == ["TRIGGER-004?"]


def test_other_limits_than_those_of_the_watch_are_not_proven(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path).write()
    found = watch.ask(settings=TriggerSettings(error_percent=0.5)).assess(ERRORS)
    assert list(list_rules(found)) == ["TRIGGER-005?"]
    assert found.not_proven[0].subject == "triggers.error_percent"


def test_looser_limits_at_the_gate_do_not_undo_a_firing(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path, fail_from(300)).write()
    found = watch.ask(settings=TriggerSettings(error_percent=20)).assess(ERRORS)
    assert "TRIGGER-001" in list_rules(found)


def test_the_record_of_another_target_is_not_proven(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path / "site", target="staging").write()
    assert list(list_rules(watch.ask().assess(ERRORS))) == ["TRIGGER-006?"]


def test_a_rollback_in_go_makes_history_of_what_fired(tmp_path: Path) -> None:
    watch = WatchedTriggers(tmp_path, fail_from(-900, -300)).write(begins=-1000)
    found = watch.ask(find_rollback=lambda _: "a-rollback-run").assess(ERRORS)
    assert list(list_rules(found)) == []

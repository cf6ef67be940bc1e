"""An order to roll back stands until a rollback gate in GO, whatever is removed of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cutover_gates.config.loader import load_settings
from cutover_gates.core.triggers.rollback_message import (
    ORDER,
    RollbackNames,
    list_rollback_steps,
    name_release,
)
from cutover_gates.targets.running_target import RunningTarget
from cutover_gates.watch.kept_triggers import ORDER_FILE, STATE_FILE
from cutover_gates.watch.rollback_names import build_rollback_names, describe_database
from cutover_gates.watch.standing_order import (
    StandingOrder,
    find_rollback_verdict,
    find_standing_order,
)
from tests.trigger_records import BEGINS, RELEASE, WatchedTriggers, fail_from

NAMES = RollbackNames("site", deployment="backend", cutover_release=RELEASE)


def _find(folder: Path, release: str = RELEASE) -> StandingOrder | None:
    return find_standing_order(folder, release, NAMES)


@pytest.fixture
def ordered(tmp_path: Path) -> Path:
    """Provide the folder of a watch that ordered a rollback."""
    WatchedTriggers(tmp_path, fail_from(300, 800)).write()
    (tmp_path / ORDER_FILE).write_text(f"{ORDER}: by hand\n{name_release(RELEASE)}\n")
    return tmp_path


def test_a_quiet_watch_orders_nothing(tmp_path: Path) -> None:
    assert _find(WatchedTriggers(tmp_path).write().folder) is None
    assert _find(tmp_path / "nothing") is None


def test_the_order_has_its_moment_its_value_and_its_steps(ordered: Path) -> None:
    (ordered / ORDER_FILE).unlink()
    found = _find(ordered)
    assert found
    assert found.text.splitlines()[0] == found.text.splitlines()[-1]
    assert found.first_line.startswith(f"{ORDER}: error-rate of new: ")
    assert "deployment backend" in found.text
    assert found.moment == datetime.fromtimestamp(BEGINS + 595, UTC)


def test_an_order_for_another_release_is_none_for_this_one(ordered: Path) -> None:
    assert _find(ordered, "2.0.1") is None


def _remove_record(folder: Path) -> None:
    for path in folder.glob("*.jsonl"):
        path.unlink()


def _edit_record(folder: Path) -> None:
    """The first line is another one: every sum after it is wrong."""
    for path in folder.glob("*.jsonl"):
        path.write_text(path.read_text().replace('"tag": "w"', '"tag": "v"').replace('": ', '":'))


def _break_state(folder: Path) -> None:
    (folder / STATE_FILE).write_text("{}")


def _remove_state(folder: Path) -> None:
    (folder / STATE_FILE).unlink()


def _remove_file(folder: Path) -> None:
    (folder / ORDER_FILE).unlink()


@pytest.mark.parametrize(
    "changes",
    [
        (_remove_record, _remove_state),
        (_remove_record, _remove_file),
        (_remove_state, _remove_file),
        (_edit_record, _break_state, _remove_file),
    ],
)
def test_one_place_is_enough(ordered: Path, changes: tuple[Callable[[Path], None], ...]) -> None:
    for change in changes:
        change(ordered)
    assert _find(ordered)


def _edit_moments(folder: Path) -> None:
    _remove_state(folder)
    _remove_file(folder)
    for path in folder.glob("*.jsonl"):
        path.write_text(re.sub(r'"at": [0-9.]+', '"at": "soon"', path.read_text()))


def test_an_order_of_no_moment_comes_after_every_rollback(ordered: Path) -> None:
    _edit_moments(ordered)
    found = _find(ordered)
    assert found
    assert found.moment.year == 9999


# ── the rollback gate that followed ──

SINCE = datetime(2026, 11, 30, 2, 0, tzinfo=UTC)


def _write_verdict(reports: Path, at: str, word: str = "GO", **other: str) -> None:
    plain = {
        "gate": "rollback",
        "target": "site",
        "release": RELEASE,
        "verdict": word,
        "started": f"2026-11-30T{at}:00Z",
        **other,
    }
    run = reports / f"run-{at.replace(':', '')}-rollback-{word}"
    run.mkdir()
    (run / "verdict.json").write_text(json.dumps(plain))


def _followed(reports: Path) -> str:
    return find_rollback_verdict(reports, "site", RELEASE, SINCE)


@pytest.mark.parametrize("word", ["GO", "GO WITH WAIVERS"])
def test_a_rollback_in_go_follows_an_order(tmp_path: Path, word: str) -> None:
    _write_verdict(tmp_path, "03:00", word)
    assert _followed(tmp_path).startswith("run-0300")


@pytest.mark.parametrize(
    ("at", "word", "other"),
    [
        ("01:00", "GO", {}),
        ("03:00", "NO-GO", {}),
        ("03:00", "NOT JUDGED", {}),
        ("03:00", "GO", {"target": "staging"}),
        ("03:00", "GO", {"release": "1.9.0"}),
        ("03:00", "GO", {"gate": "rollback and smoke"}),
    ],
)
def test_nothing_else_follows_it(tmp_path: Path, at: str, word: str, other: dict[str, str]) -> None:
    _write_verdict(tmp_path, at, word, **other)
    assert _followed(tmp_path) == ""


def test_a_later_no_go_leaves_the_order_standing(tmp_path: Path) -> None:
    _write_verdict(tmp_path, "03:00")
    _write_verdict(tmp_path, "04:00", "NO-GO")
    assert _followed(tmp_path) == ""


def test_a_later_verdict_that_cannot_be_read_does_so_too(tmp_path: Path) -> None:
    _write_verdict(tmp_path, "03:00")
    (tmp_path / "x-rollback-y").mkdir()
    (tmp_path / "x-rollback-y/verdict.json").write_text("{")
    assert _followed(tmp_path) == ""


# ── names ──


@pytest.mark.parametrize(
    ("dsn", "told"),
    [
        (
            "postgresql://app:se%40cret@db.example.org:6432/hospital",
            "hospital at db.example.org:6432",
        ),
        ("host=db dbname=hospital user=app password=secret", "hospital at db"),
        ("dbname=hospital password=secret", "hospital"),
        ("postgresql://app:secret@db.example.org", None),
        ("what:is='this", None),
        (None, None),
    ],
)
def test_a_database_is_told_without_its_password(dsn: str | None, told: str | None) -> None:
    assert describe_database(dsn) == told


def test_the_steps_have_the_names_of_the_settings(tmp_path: Path) -> None:
    digest = f"sha256:{'a' * 64}"
    (tmp_path / "cutover.toml").write_text(
        f"""
target = "site"
[targets.site]
url = "https://site.example"
release = "2.0.0"
[targets.site.infrastructure.cluster]
deployment = "backend"
namespace = "hospital"
container = "app"
image = "registry.example/hospital/backend"
previous_digest = "{digest}"
""",
        encoding="utf-8",
    )
    settings = load_settings(None, tmp_path)
    dsn = "postgresql://app:s3cret@db.example.org/hospital"
    target = RunningTarget("site", "remote", "https://x", "2.0.0", True, {}, database=dsn)
    names = build_rollback_names(settings, target)
    steps = "\n".join(list_rollback_steps(names))
    wanted = f"set image deployment/backend app=registry.example/hospital/backend@{digest}"
    assert f"kubectl --namespace hospital {wanted}" in steps
    assert "into hospital at db.example.org" in steps
    assert "s3cret" not in f"{names}{steps}"

"""The declared commands of a rollout, as real processes: when they run, and what a failure says."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from cutover_gates.config.rollout_steps import RolloutSteps
from cutover_gates.plugin import live_step
from cutover_gates.plugin.live_step import abort_rollout, advance_to


def make_run(**options: bool) -> Any:
    return SimpleNamespace(
        **{"advances": False, "aborts": False, **options},
        settings=SimpleNamespace(resolve_path=lambda path: path),
    )


TARGET: Any = SimpleNamespace(kind="remote", name="staging")


def declare(monkeypatch: pytest.MonkeyPatch, **words: Any) -> None:
    rollout = RolloutSteps(**words, command_seconds=5)
    monkeypatch.setattr(live_step, "rollout_of", lambda _settings, _target: rollout)


def test_nothing_is_changed_without_the_options(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    touch = ("touch", str(tmp_path / "changed"))
    declare(monkeypatch, advance=touch, abort=touch)
    advance_to(make_run(), TARGET, 50)
    assert "nothing was taken back" in abort_rollout(make_run(), TARGET)
    assert not (tmp_path / "changed").exists()


def test_a_share_stands_in_the_command_and_no_shell_reads_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    declare(monkeypatch, advance=("touch", f"{tmp_path}/{{percent}};touch x"))
    advance_to(make_run(advances=True), TARGET, 50)
    assert [path.name for path in tmp_path.iterdir()] == ["50;touch x"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "is not declared"),
        (("false",), "ended with status 1: it printed nothing"),
        (("sh", "-c", "echo no such rollout >&2; exit 3"), "status 3: no such rollout"),
        (("no-such-program",), "no such program"),
        (("sleep", "30"), "did not end within 5 s"),
    ],
)
def test_a_command_that_fails_is_told(
    monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], says: str
) -> None:
    declare(monkeypatch, advance=words, abort=words)
    with pytest.raises(live_step.RolloutCommandFailed, match=says):
        advance_to(make_run(advances=True), TARGET, 10)
    told = abort_rollout(make_run(aborts=True), TARGET)
    assert "NOT taken back" in told
    assert says in told

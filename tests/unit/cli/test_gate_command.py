"""`cutover-gates gate NAME` becomes the words of a pytest run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cutover_gates.cli.gate_command import build_words, find_mistake
from cutover_gates.cli.main import app


@pytest.mark.parametrize("name", ["phase3", "smoke", "phase3 and smoke", "not (t24 or contract)"])
def test_gates_and_suites_are_taken(name: str) -> None:
    assert find_mistake(name) == ""


def test_an_unknown_gate_is_a_mistake_of_the_user() -> None:
    """With pytest's own status for it, and the nearest name."""
    run = CliRunner().invoke(app, ["gate", "phase33"])
    assert run.exit_code == pytest.ExitCode.USAGE_ERROR
    assert "Did you mean 'phase3'?" in run.output


def test_given_options_go_to_pytest(tmp_path: Path) -> None:
    words = build_words("t24", tmp_path, target="staging", release="2.1", config=Path("a.toml"))
    assert words[:2] == ["-m", "t24"]
    assert words[-3:] == ["--target=staging", "--release=2.1", "--cutover-config=a.toml"]
    assert build_words("t24", tmp_path)[-2:] == ["-c", os.devnull]


@pytest.mark.parametrize(
    ("file", "text", "is_used"),
    [
        ("pytest.ini", "[pytest]\n", True),
        ("pyproject.toml", "[tool.pytest.ini_options]\n", True),
        ("pyproject.toml", "[project]\n", False),
    ],
)
def test_a_configuration_of_the_folder_is_used(
    tmp_path: Path, file: str, text: str, is_used: bool
) -> None:
    """One of a folder above is not: a gate does not depend on where its folder lies."""
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert ("-c" not in build_words("t24", tmp_path)) == is_used


def test_further_words_go_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """And pytest's status is the command's."""
    given: list[str] = []

    def run_pytest(words: list[str]) -> int:
        given.extend(words)
        return 3

    monkeypatch.setattr(pytest, "main", run_pytest)
    run = CliRunner().invoke(app, ["gate", "phase3", "-n", "2", "-k", "visits", "--maxfail=1"])
    assert given[-5:] == ["-n", "2", "-k", "visits", "--maxfail=1"]
    assert run.exit_code == 3


def test_the_version_is_told() -> None:
    run = CliRunner().invoke(app, ["--version"])
    assert run.output.startswith("cutover-gates ")

"""The workflows, `.ci/run` and the README say what exists: their schema, every tox environment,
every option and marker of pytest.
"""

from __future__ import annotations

import configparser
import itertools
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cutover_gates.core.gates import GATES, SUITES

ROOT = Path(__file__).resolve().parents[3]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
TOLD = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / ".ci/run", *WORKFLOWS]
"""Files that tell people and machines what to type."""

PYTEST = re.compile(r"(?:^|[`\s/])pytest((?:[ \t]+(?:\"[^\"]*\"|[^\s`\"|&;#]+))+)", re.MULTILINE)
TOX = re.compile(r"\btox\b[^\n`#]*?\s-e\s+([^\s`\"']+)(?:[^\n`#]*?\s--\s+([^\n`#]+))?")


def check_jsonschema(path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "check_jsonschema",
            "--builtin-schema",
            "vendor.github-workflows",
            str(path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def environments() -> set[str]:
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    listed = {name.strip() for name in re.split(r"[,\n]", tox["tox"]["env_list"]) if name.strip()}
    return listed | {
        section.partition(":")[2] for section in tox.sections() if section.startswith("testenv:")
    }


def tox_calls(text: str) -> Iterator[str]:
    """The environments that a text runs.

    `${{ matrix.env }}` stands for the values beside it, which are told as `env: NAME`.
    """
    for found in TOX.finditer(text):
        yield from (name for name in found[1].split(",") if "$" not in name)
    yield from re.findall(r"\benv: ([\w-]+)(?=\s*})", text)


def pytest_calls(text: str) -> Iterator[list[str]]:
    """The words after `pytest`, and those that tox hands on to it."""
    for found in PYTEST.finditer(text):
        yield shlex.split(found[1])
    for found in TOX.finditer(text):
        words = shlex.split(found[2] or "")
        yield words[1:] if words[:1] == ["pytest"] else words


@pytest.fixture(scope="module")
def options() -> set[str]:
    """Every option that pytest has here, as `pytest --help` tells them."""
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    ).stdout
    return set(re.findall(r"(?:^|[\s,])(--?[a-zA-Z][\w-]*)", told))


def unknown_words(text: str, options: set[str]) -> list[str]:
    """Environments, options and markers in a text that do not exist."""
    unknown = [f"tox -e {name}" for name in tox_calls(text) if name not in environments()]
    known = {*GATES, *SUITES, "and", "or", "not"}
    for words in pytest_calls(text):
        unknown += [
            word
            for word in words
            if word.startswith("-") and word != "--" and word.partition("=")[0] not in options
        ]
        asked = [after for before, after in itertools.pairwise(words) if before == "-m"]
        unknown += [
            f"-m {name}"
            for expression in asked
            for name in re.findall(r"[\w-]+", expression)
            if name not in known
        ]
    return unknown


def test_there_are_workflows() -> None:
    assert {path.name for path in WORKFLOWS} == {"gate.yml", "nightly.yml", "ci.yml"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_keeps_the_published_schema(path: Path) -> None:
    result = check_jsonschema(path)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jobs", {}),
        ("jobs", {"a": {"steps": [{"run": "true"}]}}),
        ("on", {"pushed": None}),
        ("permissions", "some"),
    ],
)
def test_a_broken_workflow_is_refused(tmp_path: Path, name: str, value: object) -> None:
    whole = _whole_workflow()
    (tmp_path / "whole.yml").write_text(yaml.safe_dump(whole))
    assert check_jsonschema(tmp_path / "whole.yml").returncode == 0
    (tmp_path / "broken.yml").write_text(yaml.safe_dump({**whole, name: value}))
    assert check_jsonschema(tmp_path / "broken.yml").returncode != 0


def _whole_workflow() -> dict[str, Any]:
    return {
        "name": "whole",
        "on": {"push": None},
        "permissions": {"contents": "read"},
        "jobs": {"a": {"runs-on": "x", "steps": [{"run": "true"}]}},
    }


@pytest.mark.parametrize("path", TOLD, ids=lambda path: path.name)
def test_what_is_told_exists(path: Path, options: set[str]) -> None:
    assert not unknown_words(path.read_text(encoding="utf-8"), options)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("run `tox -q run -e phase4`", "tox -e phase4"),
        ("run `tox run -e lint,typin`", "tox -e typin"),
        ("- { python: x, env: tests-py399 }", "tox -e tests-py399"),
        ("run `pytest -m phase9`", "-m phase9"),
        ('run `pytest -m "phase3 and contrct"`', "-m contrct"),
        ("run `pytest -m phase3 --tarqet staging`", "--tarqet"),
        ("run `tox -e phase3 -- --tarqet staging`", "--tarqet"),
        ("run: .venv/bin/tox -q exec -e phase3 -- pytest -m nightli", "-m nightli"),
    ],
)
def test_what_does_not_exist_is_caught(text: str, word: str, options: set[str]) -> None:
    assert word in unknown_words(text, options)


def _fenced_commands() -> list[str]:
    blocks = re.findall(
        r"```(?:sh|bash)\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    return [
        line.strip()
        for block in blocks
        for line in block.splitlines()
        if "requirements/tox.txt" in line
    ]


def test_ci_runs_the_readmes_test_command() -> None:
    """The README has two commands that begin from nothing.

    The second passes the tests, and `.ci/run` holds it word for word.
    """
    judge, prove = _fenced_commands()
    assert judge.endswith("-e phase3")
    assert f"command='{prove}'" in (ROOT / ".ci/run").read_text(encoding="utf-8")


def test_the_gate_runs_the_readmes_first_command() -> None:
    assert f"run: {_fenced_commands()[0]}\n" in (ROOT / ".github/workflows/gate.yml").read_text(
        encoding="utf-8"
    )


def test_ci_run_can_be_run() -> None:
    assert (ROOT / ".ci/run").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["gate.yml", "nightly.yml"])
def test_every_judged_job_keeps_its_evidence(name: str) -> None:
    """Also on NO-GO: that is when it is needed. And nothing turns a NO-GO green."""
    text = (ROOT / ".github/workflows" / name).read_text(encoding="utf-8")
    for job in yaml.safe_load(text)["jobs"].values():
        last = job["steps"][-1]
        assert last["uses"].startswith("actions/upload-artifact@")
        assert (last["if"], last["with"]["path"], last["with"]["if-no-files-found"]) == (
            "always()",
            "reports/runs/2*",
            "error",
        )
    assert "continue-on-error" not in text
    assert "|| true" not in text

"""The `Dockerfile`: what goes into the image, and what does not; built where an engine answers and
has the base image.
"""

from __future__ import annotations

import fnmatch
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.load.test_scale_page import gate

ROOT = Path(__file__).resolve().parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
IGNORED = [
    line
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
BASE = "python:3.11-slim"


def instructions(word: str) -> list[str]:
    return re.findall(rf"^{word} (.*)$", DOCKERFILE, re.MULTILINE)


def ignored(path: str) -> bool:
    """Whether Docker leaves a path out: by a pattern, or with a folder above it."""
    parts = path.split("/")
    tails = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
    return any(
        fnmatch.fnmatchcase(tail, pattern)
        or (pattern.startswith("**/") and fnmatch.fnmatchcase(tail.rpartition("/")[2], pattern[3:]))
        for tail in tails
        for pattern in IGNORED
    )


def test_every_package_is_checked_by_its_hash() -> None:
    """And nothing else is fetched for the gate: what is installed beside them takes no dependencies
    along.
    """
    first, second = (line for line in instructions("RUN") if "pip install" in line)
    assert {"--require-hashes", "--only-binary", "--no-deps", "-r"} <= set(first.split())
    assert "/constraints.txt" in first
    assert "--no-deps" in second
    assert instructions("COPY")[0] == "requirements/constraints.txt /constraints.txt"


def test_it_does_not_run_as_root() -> None:
    """And as the user that the manifests say."""
    (user,) = instructions("USER")
    assert user.partition(":")[0] == str(gate()["securityContext"]["runAsUser"])
    assert DOCKERFILE.index("\nUSER ") > max(
        DOCKERFILE.rindex("\nCOPY "), DOCKERFILE.rindex("\nRUN ")
    )


def test_it_stands_on_the_python_that_the_project_asks_for() -> None:
    assert instructions("ARG") == [f"PYTHON={BASE}", "COMMIT="]
    assert all(line.startswith("${PYTHON}") for line in instructions("FROM"))


@pytest.mark.parametrize(
    "path",
    [
        ".git/config",
        "reports/runs/a/verdict.json",
        "reports/ledgers/a.jsonl",
        "secrets.env",
        ".env",
        "server.key",
        "src/cutover_gates/__pycache__/a.pyc",
        ".venv/bin/python",
        "certificates/ca.pem",
        ".mypy_cache/a",
        "tests/a.py",
    ],
)
def test_what_is_no_part_of_a_gate_stays_outside(path: str) -> None:
    assert ignored(path)


def test_everything_that_a_gate_reads_goes_in() -> None:
    """All files of the repository, but for what proves the gates themselves.

    That git does not know is not looked at.
    """
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    left_out = {path.partition("/")[0] for path in listed if ignored(path)}
    assert left_out <= {".ci", ".github", "tests", "benchmarks"}
    assert not ignored("plan.toml")
    assert not ignored("smoke/test_visits.py")


@pytest.mark.thorough
@pytest.mark.timeout(1500)
def test_it_is_built_and_tells_its_options(engine: Any) -> None:
    """The real image: it starts as its user, knows the option, and can write where it must."""
    docker = pytest.importorskip("docker")
    try:
        engine.images.get(BASE)
    except docker.errors.ImageNotFound:
        try:
            engine.images.pull(BASE)
        except docker.errors.DockerException as why:
            pytest.skip(f"the engine cannot get {BASE}: {type(why).__name__}")
    built, _ = engine.images.build(path=str(ROOT), rm=True, network_mode="host")
    told = engine.containers.run(
        built.id,
        ["--help"],
        remove=True,
        read_only=True,
        tmpfs={"/tmp": "", "/reports": "mode=1777"},
    )
    assert b"--check-mapping" in told

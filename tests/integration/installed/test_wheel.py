"""The wheel carries what a checkout has: the same files, the same checks with the same node ids."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

from cutover_gates.util.shipped_files import SHIPPED_PATHS, compute_digests
from tests.integration.installed.installation import ROOT, SECONDS, Installation, node_ids

COLLECT = ("--collect-only", "-q", "-p", "no:randomly", "-p", "no:cacheprovider")
OWN_CHECK = """
import pytest

@pytest.mark.plan("patient-creation")
def test_of_our_own(recorder):
    recorder.observe("own", count=1)
"""
PROVENANCE = """
from pathlib import Path
from cutover_gates.plugin.provenance import describe_commit
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.util.shipped_files import shipped_root
print(describe_commit(SuiteFolders(Path.cwd(), shipped_root())))
"""


def _collect_here() -> list[str]:
    """Return the node ids of the gate phase3 in this checkout."""
    words = [
        "-m",
        "pytest",
        "-p",
        "no:randomly",
        "-p",
        "no:cacheprovider",
        "-m",
        "phase3",
        *COLLECT,
    ]
    run = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    return node_ids(run)


def test_the_manifest_names_every_shipped_file_of_the_checkout(installation: Installation) -> None:
    manifest = json.loads((installation.shipped / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"] == compute_digests(ROOT)
    assert compute_digests(installation.shipped) == manifest["files"]
    missing = [name for name in SHIPPED_PATHS if not (installation.shipped / name).exists()]
    assert missing == []


def test_an_empty_folder_has_the_checks_of_the_checkout(
    installation: Installation, tmp_path: Path
) -> None:
    run = installation.command(tmp_path, "gate", "phase3", *COLLECT)
    assert node_ids(run) == _collect_here(), run.stdout + run.stderr
    assert node_ids(run)
    assert "warning" not in run.stdout


def test_an_own_suite_stands_beside_the_shipped_one(
    installation: Installation, tmp_path: Path
) -> None:
    """Also where a file has the name of a shipped one: no check takes the place of another."""
    (tmp_path / "smoke").mkdir()
    for name in ("test_patients.py", "test_wards.py"):
        (tmp_path / "smoke" / name).write_text(OWN_CHECK, encoding="utf-8")
    found = set(node_ids(installation.command(tmp_path, "gate", "phase3", *COLLECT)))
    own = {"own/smoke/test_patients.py::test_of_our_own", "smoke/test_wards.py::test_of_our_own"}
    assert found == own | set(_collect_here())


def test_a_check_is_run_again_by_its_node_id(installation: Installation, tmp_path: Path) -> None:
    """As a verdict says it, in a folder that has no such file."""
    (tmp_path / "smoke").mkdir()
    (tmp_path / "smoke" / "test_patients.py").write_text(OWN_CHECK, encoding="utf-8")
    (tmp_path / "cutover.toml").write_text('plan = "shipped"\n', encoding="utf-8")
    own, shipped = "own/smoke/test_patients.py", "smoke/test_health.py"
    run = installation.pytest(tmp_path, *COLLECT, own, f"{shipped}::test_readiness_does_not_waver")
    assert node_ids(run) == [
        f"{own}::test_of_our_own",
        f"{shipped}::test_readiness_does_not_waver",
    ], run.stdout + run.stderr


def test_the_commit_of_the_build_is_named_and_a_changed_file_shows(
    wheel: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    installation, folder = Installation(site), tmp_path / "empty"
    folder.mkdir()
    manifest = json.loads((installation.shipped / "manifest.json").read_text(encoding="utf-8"))
    before = installation.run(folder, "-c", PROVENANCE).stdout.strip()
    assert before == manifest["commit"] or not manifest["commit"]
    check = installation.shipped / "smoke" / "test_health.py"
    check.write_text(check.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    after = installation.run(folder, "-c", PROVENANCE).stdout.strip()
    assert after == f"{before}+changes"


def test_an_sdist_holds_what_a_wheel_is_built_from(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "hatch_build.py", "built-from-commit.txt", *compute_digests(ROOT)}
    assert needed - names == set()

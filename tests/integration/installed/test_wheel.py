"""The wheel carries what a checkout has: the same files, the same checks with the same node ids."""

from __future__ import annotations

import json
import py_compile
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
import json, sys
from pathlib import Path
from cutover_gates.plugin.check_inventory import CheckInventory
from cutover_gates.plugin.suite_comparison import compare_suite
from cutover_gates.plugin.suite_folders import SuiteFolders
from cutover_gates.plugin.suite_origin import describe_commit, describe_suite
from cutover_gates.util.shipped_files import shipped_root
folders = SuiteFolders(Path.cwd(), shipped_root())
suite = describe_suite(compare_suite(), folders, CheckInventory((), ()))
changed = {each.path: each.change for each in suite.changed}
print(json.dumps([suite.state, describe_commit(suite, folders), changed, suite.digest]))
"""
CODE = ROOT / "src" / "cutover_gates"


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
    assert manifest["files"] == compute_digests(ROOT, CODE)
    installed = compute_digests(installation.shipped, installation.shipped.parent)
    assert installed == manifest["files"]
    assert "cutover_gates/core/judge.py" in installed
    missing = [name for name in SHIPPED_PATHS if not (installation.shipped / name).exists()]
    assert missing == []


def test_an_empty_folder_has_the_checks_of_the_checkout(
    installation: Installation, tmp_path: Path
) -> None:
    run = installation.command(tmp_path, "gate", "phase3", *COLLECT)
    assert node_ids(run) == _collect_here(), run.stdout + run.stderr
    assert node_ids(run)
    # Such as one that the command has imported a module that pytest wants to import itself.
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


def _unpack(wheel: Path, folder: Path) -> Installation:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    (folder / "empty").mkdir()
    return Installation(folder / "site")


def _origin(installation: Installation) -> tuple[str, str, dict[str, str], str]:
    """Return the state of the suite, its commit, what was changed, and the digest."""
    run = installation.run(installation.site.parent / "empty", "-c", PROVENANCE)
    state, commit, changed, digest = json.loads(run.stdout)
    return state, commit, changed, digest


def test_the_commit_of_the_build_is_named_and_a_changed_file_shows(
    wheel: Path, tmp_path: Path
) -> None:
    """Also one of the code, an added one, and one that is gone."""
    installation = _unpack(wheel, tmp_path)
    manifest = json.loads((installation.shipped / "manifest.json").read_text(encoding="utf-8"))
    state, before, changed, digest = _origin(installation)
    assert (state, changed) == ("the shipped suite", {})
    assert before == manifest["commit"] or not manifest["commit"]
    for path in (
        installation.shipped / "smoke/test_health.py",
        installation.code / "core/judge.py",
    ):
        path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    (installation.shipped / "smoke/extra_conftest.py").write_text("", encoding="utf-8")
    (installation.shipped / "smoke/test_visits.py").unlink()
    state, after, changed, other = _origin(installation)
    assert (state, after) == ("a shipped file was changed", f"{before}+changes")
    assert changed == {
        "cutover_gates/core/judge.py": "changed",
        "smoke/extra_conftest.py": "added",
        "smoke/test_health.py": "changed",
        "smoke/test_visits.py": "missing",
    }
    assert other != digest


def test_bytecode_that_is_not_compared_with_its_source_shows(wheel: Path, tmp_path: Path) -> None:
    """Python runs it whatever the source says, and the source is as it was shipped."""
    installation = _unpack(wheel, tmp_path)
    source = installation.code / "core" / "rules.py"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(source), invalidation_mode=mode)
    state, _, changed, _ = _origin(installation)
    assert state == "a shipped file was changed"
    ((name, change),) = changed.items()
    assert name.startswith("cutover_gates/core/__pycache__/rules.")
    assert "does not compare with its source" in change


def test_a_package_without_a_manifest_says_that_nobody_knows(wheel: Path, tmp_path: Path) -> None:
    installation = _unpack(wheel, tmp_path)
    (installation.shipped / "manifest.json").write_text("{", encoding="utf-8")
    state, commit, _, _ = _origin(installation)
    assert (state, commit) == (
        "the shipped files cannot be compared with what was shipped",
        "(unknown)",
    )


def test_an_sdist_holds_what_a_wheel_is_built_from(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True, timeout=SECONDS)
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    files = {
        name.replace("cutover_gates/", "src/cutover_gates/") for name in compute_digests(ROOT, CODE)
    }
    needed = {"pyproject.toml", "hatch_build.py", "built-from-commit.txt", "manifest.json", *files}
    assert needed - names == set()

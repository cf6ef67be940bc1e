"""A verdict says what judged: nothing that changes it is hidden, in real pytest processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.gate.holes.provenance_holes import (
    DISGUISES,
    EDITED,
    HIDDEN_EDITS,
    Disguise,
    HiddenEdit,
)
from tests.gate.holes.toy_checkout import CheckoutToy, git, make_template
from tests.gate.holes.toy_project import PASSWORD, GateResult, Toy


def _as_parameter(case: Disguise | HiddenEdit) -> Any:
    marks = [pytest.mark.thorough] if case.thorough else []
    return pytest.param(case, id=case.name, marks=marks)


def _newest(folder: Path, name: str) -> str:
    return sorted(folder.glob(f"reports/runs/*/{name}"))[-1].read_text(encoding="utf-8")


def _judged_by(ran: GateResult) -> dict[str, Any]:
    return dict(ran.verdicts["phase3"]["judged_by"])


def _unwrap(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("disguise", [_as_parameter(one) for one in DISGUISES])
def test_what_changes_the_judge_is_told_near_the_word(toy: Toy, disguise: Disguise) -> None:
    """On the terminal and in the status update; the word itself is that of the checks."""
    if disguise.change:
        disguise.change(toy)
    environment = dict(disguise.environment)
    # Like a hospital's own: the project's folder is where modules are found.
    environment["PYTHONPATH"] = f"{toy.folder}:{toy.source}"
    ran = toy.gate(*disguise.words, **environment)
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    status = _newest(toy.folder, "status.md").replace("\\", "")
    for text in disguise.says:
        assert text in _unwrap(ran.output), ran.output
        assert text in status, status


def test_a_secret_on_the_command_line_is_not_shown(toy: Toy) -> None:
    """Neither a known one nor what follows an option for secrets."""
    words = ("-o", f"norecursedirs={PASSWORD}")
    ran = toy.gate(*words, PYTEST_ADDOPTS=f"-o log_date_format={PASSWORD}")
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    everything = json.dumps(ran.verdicts) + ran.output + _newest(toy.folder, "verdict.html")
    assert PASSWORD not in everything


def test_production_cannot_be_lowered_from_outside(toy: Toy) -> None:
    """Neither by a variable nor by a second target of the same address."""
    toy.replace("cutover.toml", "[targets.toy]\n", "[targets.toy]\nproduction = true\n")
    lowered = toy.gate(CUTOVER_TARGETS__TOY__PRODUCTION="false")
    assert lowered.status == 4, lowered.output
    assert "nothing outside of the file may lower it" in _unwrap(lowered.output)
    twin = toy.gate("--target", "twin", CUTOVER_TARGETS__TWIN__URL=f"{toy.url}/")
    assert twin.status == 4, twin.output
    assert "'twin' and 'toy' have one address" in _unwrap(twin.output)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the shipped files as they stand here, committed."""
    folder = tmp_path_factory.mktemp("template")
    make_template(folder)
    return folder


@pytest.fixture
def checkout(tmp_path: Path, toy_target: str, template: Path) -> CheckoutToy:
    """A clean clone of it, with checks of its own."""
    return CheckoutToy(tmp_path / "checkout", toy_target, template)


@pytest.mark.parametrize("committed", [pytest.param(True, marks=pytest.mark.thorough), False])
def test_own_checks_of_a_clean_checkout_are_named(checkout: CheckoutToy, committed: bool) -> None:
    """Also in a hospital's own branch, which has them committed."""
    if committed:
        git(checkout.folder, "add", "-A")
        git(checkout.folder, "commit", "-q", "-m", "Our own checks")
    ran = checkout.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    suite = _judged_by(ran)["suite"]
    assert (suite["state"], suite["changed"]) == ("the shipped suite with own checks", [])
    assert "smoke/toy/test_sign_in.py::test_people_sign_in" in suite["own_checks"]
    assert "Suite: the shipped suite with 4 own checks" in _unwrap(ran.output)


@pytest.mark.parametrize("hidden", [_as_parameter(one) for one in HIDDEN_EDITS])
def test_no_edit_of_a_shipped_file_is_hidden(checkout: CheckoutToy, hidden: HiddenEdit) -> None:
    """What `git status` says is silent about most of them."""
    hidden.hide(checkout)
    ran = checkout.gate(**dict(hidden.environment))
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    suite = _judged_by(ran)["suite"]
    assert suite["changed"] == [{"path": hidden.path, "change": hidden.change}]
    assert suite["origin"].endswith("+changes")
    said = f"Suite: a shipped file was changed: {hidden.path} ({hidden.change})"
    assert said in _unwrap(ran.output), ran.output
    assert said in _newest(checkout.folder, "status.md").replace("\\", "")
    assert said in _newest(checkout.folder, "verdict.html")


def test_a_checkout_without_git_says_that_nobody_knows(checkout: CheckoutToy) -> None:
    """An image that was copied without .git, or a machine without the program."""
    (checkout.folder / ".git").rename(checkout.folder / "no-git")
    (checkout.folder / EDITED).unlink()
    ran = checkout.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    assert _judged_by(ran)["suite"]["origin"] == "(unknown)"
    assert "Suite: the shipped files cannot be compared with what was shipped" in _unwrap(
        ran.output
    )


@pytest.mark.thorough
def test_an_image_without_git_is_held_against_its_manifest(checkout: CheckoutToy) -> None:
    """The Dockerfile writes it: what was copied into the image is what was shipped."""
    (checkout.folder / ".git").rename(checkout.folder / "no-git")
    script = checkout.source / "cutover_gates/util/shipped_files.py"
    subprocess.run([sys.executable, str(script), "abc"], check=True, timeout=60)
    suite = _judged_by(checkout.gate())["suite"]
    assert (suite["state"], suite["origin"]) == ("the shipped suite with own checks", "abc")
    checkout.write("pytest.ini", checkout.ini())
    (checkout.folder / EDITED).unlink()
    suite = _judged_by(checkout.gate())["suite"]
    assert suite["changed"] == [
        {"path": "pytest.ini", "change": "added"},
        {"path": EDITED, "change": "missing"},
    ]

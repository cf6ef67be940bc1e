"""An output never takes the place of what the run reads, or of the evidence of another run."""

from __future__ import annotations

import pytest

from tests.gate.holes.test_outputs import split_thorough
from tests.gate.holes.toy_project import Toy

OVERWRITTEN = {
    "the settings": ("cutover.toml", ("--junitxml=cutover.toml",), {}),
    "the plan, by another way to write it": ("plan.toml", ("--junitxml=./smoke/../plan.toml",), {}),
    "waivers, by a hard link": ("waivers.toml", ("--junitxml=link.toml",), {}),
    "a check, by pytest's log": (
        "smoke/test_sign_in.py",
        ("--log-file=smoke/test_sign_in.py",),
        {},
    ),
    "a check, by a setting of pytest": (
        "smoke/test_sign_in.py",
        ("-o", "log_file=smoke/test_sign_in.py"),
        {},
    ),
    "the summary of a pipeline": (
        "plan.toml",
        (),
        {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "plan.toml"},
    ),
    "checks, in a folder that pytest empties": ("smoke/test_sign_in.py", ("--basetemp=smoke",), {}),
    "checks, in a folder that Allure empties": (
        "smoke/test_sign_in.py",
        ("--alluredir=smoke", "--clean-alluredir"),
        {},
    ),
    "a call that is wrong besides": ("cutover.toml", ("--junitxml=cutover.toml", "--xx"), {}),
    "a gate that is misspelt besides": (
        "cutover.toml",
        ("--junitxml=cutover.toml", "-m", "phse3"),
        {},
    ),
}
USUAL = ("the settings", "checks, in a folder that pytest empties")


@pytest.mark.parametrize("case", split_thorough(OVERWRITTEN, USUAL))
def test_no_output_replaces_what_the_run_reads(
    toy: Toy, case: tuple[str, tuple[str, ...], dict[str, str]]
) -> None:
    """The call is refused before anything is written there."""
    name, words, environment = case
    toy.write("waivers.toml", "# none\n")
    (toy.folder / "link.toml").hardlink_to(toy.folder / "waivers.toml")
    before = (toy.folder / name).read_bytes()
    ran = toy.gate(*words, **environment)
    assert ran.status == 4, ran.output
    assert (toy.folder / name).read_bytes() == before
    assert "Traceback" not in ran.output
    if not {"--xx", "phse3"} & {*words}:
        assert "would overwrite" in ran.output
        assert "name another place for this output" in " ".join(ran.output.split())


@pytest.mark.thorough
def test_no_output_replaces_the_evidence_of_another_run(toy: Toy) -> None:
    """Its sums would no longer agree."""
    toy.gate()
    (verdict,) = toy.folder.glob("reports/runs/2*/verdict.json")
    before = verdict.read_bytes()
    ran = toy.gate(f"--junitxml={verdict}")
    assert (ran.status, verdict.read_bytes()) == (4, before)
    assert "the evidence of an earlier run" in " ".join(ran.output.split())


def test_outputs_that_replace_former_outputs_are_written(toy: Toy) -> None:
    """A pipeline writes its JUnit document to the same place each time."""
    toy.write("junit.xml", "<testsuites/>")
    ran = toy.gate("--junitxml=junit.xml", "--log-file=pytest.log", "--basetemp=temporary")
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    assert 'value="GO"' in (toy.folder / "junit.xml").read_text(encoding="utf-8")

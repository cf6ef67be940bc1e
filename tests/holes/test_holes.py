"""Every way in which a run can end without proof, through a real pytest process: none of them is a GO, and none exits with 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tests.holes.toy import Toy

SIGN_IN = "smoke/test_sign_in.py"
BODY = '    recorder.observe("sign-in", status=200)'


@dataclass(frozen=True)
class Hole:
    """What is done to the project, with which words pytest is called, which item must show it, and what the verdict must say of it."""

    name: str
    words: tuple[str, ...] = ()
    change: Callable[[Toy], None] | None = None
    item: str = "sign-in"
    outcome: str = "not proven"
    says: str = ""


def body(text: str) -> Callable[[Toy], None]:
    """Another body for the sign-in check."""
    return lambda toy: toy.replace(SIGN_IN, BODY, "\n".join(f"    {line}" for line in [*text.splitlines(), BODY.strip()]))


def mark(text: str) -> Callable[[Toy], None]:
    """A mark on the sign-in check."""
    return lambda toy: toy.replace(SIGN_IN, "def test_people", f"{text}\ndef test_people")


def file(name: str, text: str) -> Callable[[Toy], None]:
    """One more file, or another text for one."""
    return lambda toy: toy.write(name, text)


RERUN_ONCE = "import pathlib\nonce = pathlib.Path('once')\nif not once.exists():\n    once.touch()\n    assert False, 'the first try'"
SWALLOW = """
import pytest
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        report.outcome, report.longrepr = "passed", None
"""

HOLES = [
    # a check that did not judge
    Hole("skip in the body", change=body("pytest.skip('no time')"), says="skipped: no time"),
    Hole("skip mark", change=mark("@pytest.mark.skip(reason='later')"), says="skipped: later"),
    Hole("skipif mark", change=mark("@pytest.mark.skipif(True, reason='here')"), says="skipped: here"),
    Hole("skip of a whole module", change=lambda toy: toy.replace(SIGN_IN, "import pytest", "import pytest\npytest.skip('all of it', allow_module_level=True)")),
    Hole("a module that is not there", change=lambda toy: toy.replace(SIGN_IN, "import pytest", "import pytest\npytest.importorskip('no_such_module')")),
    Hole("skip in a fixture", change=lambda toy: (toy.replace(SIGN_IN, "(recorder)", "(recorder, absent)"),
                                                  toy.write("smoke/conftest.py", "import pytest\n@pytest.fixture\ndef absent():\n    pytest.skip('absent')\n"))[0]),
    Hole("xfail that fails", change=lambda toy: (mark("@pytest.mark.xfail")(toy), body("assert 1 == 2")(toy))[0], says="xfail"),
    Hole("xfail that passes", change=mark("@pytest.mark.xfail(strict=False)"), says="xfail"),
    Hole("strict xfail that passes", change=mark("@pytest.mark.xfail(strict=True)"), outcome="failed"),
    Hole("xfail in the body", change=body("pytest.xfail('known')"), says="xfail"),
    Hole("empty parameter set", change=mark("@pytest.mark.parametrize('recorder', [], indirect=True)"), says="skipped"),
    Hole("no evidence", change=lambda toy: toy.replace(SIGN_IN, BODY, "    assert True"), says="without any evidence"),
    Hole("pass on a rerun", ("--reruns", "2"), body(RERUN_ONCE), says="retry"),
    Hole("pass on a rerun, marked", change=lambda toy: (mark("@pytest.mark.flaky(reruns=2)")(toy), body(RERUN_ONCE)(toy))[0], says="retry"),
    Hole("failure that a hook turns into a pass", change=lambda toy: (body("assert False")(toy), toy.write("smoke/conftest.py", SWALLOW))[0], says="raised an exception"),
    Hole("not offered, which nobody declared", change=body("from cutover.hospital import NotOffered\nraise NotOffered('sign_in', 'says the check')"), says="no setting declares"),
    Hole("leaving the session with status 0", change=body("pytest.exit('done', returncode=0)")),
    Hole("system exit 0", change=body("raise SystemExit(0)"), outcome="error"),
    # a check that broke
    Hole("failure", change=body("assert 1 == 2, 'one is not two'"), outcome="failed", says="one is not two"),
    Hole("broken check", change=body("{}['missing']"), outcome="error", says="KeyError"),
    Hole("fixture error", change=lambda toy: (toy.replace(SIGN_IN, "(recorder)", "(recorder, broken)"),
                                              toy.write("smoke/conftest.py", "import pytest\n@pytest.fixture\ndef broken():\n    raise OSError('no disk')\n"))[0],
         outcome="error", says="no disk"),
    Hole("unknown fixture", change=lambda toy: toy.replace(SIGN_IN, "(recorder)", "(recorder, nowhere)"), outcome="error", says="nowhere"),
    Hole("teardown error", change=lambda toy: (toy.replace(SIGN_IN, "(recorder)", "(recorder, leaky)"),
                                               toy.write("smoke/conftest.py", "import pytest\n@pytest.fixture\ndef leaky():\n    yield\n    raise OSError('no end')\n"))[0],
         outcome="error", says="no end"),
    Hole("time-out", ("--timeout", "1"), body("import time\ntime.sleep(30)"), outcome="failed", says="Timeout"),
    Hole("import error", change=file(SIGN_IN, "import no_such_module\nimport pytest\npytestmark = pytest.mark.plan('sign-in')\ndef test_it(recorder): ...\n"),
         outcome="error", says="no_such_module"),
    Hole("syntax error", change=file(SIGN_IN, "def test_it(:\n")),
    Hole("unknown marker", change=mark("@pytest.mark.slow"), outcome="error", says="slow"),
    # a check that was left out
    Hole("-k", ("-k", "patient"), says="deselected"),
    Hole("--deselect", ("--deselect", f"{SIGN_IN}::test_people_sign_in"), says="deselected"),
    Hole("a path", ("smoke/test_patients.py",), says="was not collected"),
    Hole("one check of two", ("smoke/test_sign_in.py", "smoke/test_documents.py", "smoke/test_patients.py::test_a_patient_is_found"), item="patients", says="not collected"),
    Hole("one parameter of two", ("smoke/test_sign_in.py", "smoke/test_documents.py", "smoke/test_patients.py::test_a_patient_is_registered[plain]",
                                  "smoke/test_patients.py::test_a_patient_is_found"), item="patients", says="narrowed"),
    Hole("--ignore", ("--ignore", SIGN_IN), says="was not collected"),
    Hole("--ignore-glob", ("--ignore-glob", "*sign*"), says="was not collected"),
    Hole("collect_ignore", change=file("smoke/conftest.py", "collect_ignore = ['test_sign_in.py']\n"), says="was not collected"),
    Hole("other file names", ("-o", "python_files=test_p*.py"), says="was not collected"),
    Hole("other function names", ("-o", "python_functions=test_a*"), says="was not collected"),
    Hole("a hook that drops checks", change=file("smoke/conftest.py", "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if 'sign' not in i.name]\n"),
         says="never started"),
    Hole("a marker that the plan does not know", ("-m", "phase3 and not slow and quick", "-W", "ignore"), item="sign-in"),
    Hole("nothing collected", change=lambda toy: [path.unlink() for path in (toy.folder / "smoke").glob("*.py")] and None, says="no check proves it"),
    Hole("-x after a failure", ("-x",), lambda toy: toy.replace("smoke/test_documents.py", "    recorder", "    assert False\n    recorder"), says="never started"),
    Hole("--maxfail", ("--maxfail", "1"), lambda toy: toy.replace("smoke/test_documents.py", "    recorder", "    assert False\n    recorder"), says="never started"),
    Hole("--setup-only", ("--setup-only",), says="did not come to its end"),
    Hole("--setup-plan", ("--setup-plan",), says="did not come to its end"),
    Hole("interrupted", change=body("raise KeyboardInterrupt")),
    Hole("pytest-timeout switched off", ("-p", "no:timeout"), lambda toy: toy.replace("pyproject.toml", "timeout = 20", ""), outcome="passed"),
    Hole("a worker that crashes", ("-n", "2"), body("import os\nos.kill(os.getpid(), 9)"), outcome="error", says="crashed"),
    Hole("skip under xdist", ("-n", "2"), body("pytest.skip('no time')"), says="skipped: no time"),
    Hole("-k under xdist", ("-n", "2", "-k", "patient"), says="deselected"),
    Hole("rerun under xdist", ("-n", "2", "--reruns", "2"), body(RERUN_ONCE), says="retry"),
    Hole("import error under xdist", ("-n", "2"), file(SIGN_IN, "import no_such_module\nimport pytest\npytestmark = pytest.mark.plan('sign-in')\ndef test_it(recorder): ...\n"),
         outcome="error", says="no_such_module"),
]


def test_without_a_hole_the_toy_is_a_go(toy: Toy) -> None:
    """The clean run: GO and 0. Otherwise the tests below would prove nothing."""
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_a_hole_is_never_a_go(toy: Toy, hole: Hole) -> None:
    """NO-GO, an exit status that is not 0, and the item that lost its proof says why."""
    if hole.change:
        hole.change(toy)
    ran = toy.run(*(() if "-m" in hole.words else ("-m", "phase3")), *hole.words)
    (gate,) = ran.verdicts
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert ran.outcome(hole.item, gate) == hole.outcome, ran.why(hole.item, gate)
    assert hole.says in ran.why(hole.item, gate), ran.output


@pytest.mark.parametrize("words", [["--collect-only"], ["--fixtures"], ["--cache-show"], ["--collect-only", "-n", "2"], ["--markers"], ["--setup-plan"]], ids=" ".join)
def test_a_gate_that_was_asked_for_and_not_run_is_not_a_success(toy: Toy, words: list[str]) -> None:
    """pytest itself exits with 0 here; a pipeline with such an option in PYTEST_ADDOPTS must not be green."""
    ran = toy.gate(PYTEST_ADDOPTS=" ".join(words))
    assert ran.status != 0
    assert "NO-GO" in ran.output


def test_a_sweep_is_no_gate(toy: Toy) -> None:
    """`--sweep` in PYTEST_ADDOPTS would turn every gate into a success."""
    ran = toy.gate(PYTEST_ADDOPTS="--sweep")
    assert ran.status == 4
    assert "--sweep runs no gate" in ran.output


def test_without_the_plugin_there_is_no_green_run(toy: Toy) -> None:
    """Its markers are unknown then, and strict markers make that an error."""
    assert toy.gate("-p", "no:cutover.pytest_plugin").status != 0


def test_a_check_that_ends_the_process_does_not_end_it_well(toy: Toy) -> None:
    """`os._exit(0)` would be a green pipeline without a verdict. The NO-GO of the start stands, and the status is not 0."""
    body("import os\nos._exit(0)")(toy)
    ran = toy.gate()
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output


def test_failed_first_narrows_the_next_run(toy: Toy) -> None:
    """`--lf` after a failure runs only what failed: mended or not, the rest is not proven."""
    toy.replace("smoke/test_documents.py", "    recorder", "    assert False\n    recorder")
    toy.gate()
    toy.replace("smoke/test_documents.py", "    assert False\n", "")
    ran = toy.gate("--lf")
    assert (ran.verdict, ran.status != 0) == ("NO-GO", True), ran.output
    assert (ran.outcome("documents"), ran.outcome("sign-in")) == ("passed", "not proven")

"""The holes as data: every way in which a run can end without proof. `test_holes` opens each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.gate.holes.toy_project import Toy

SIGN_IN = "smoke/test_sign_in.py"
BODY = '    recorder.observe("sign-in", status=200)'

Change = Callable[[Toy], None]


@dataclass(frozen=True)
class Hole:
    """One hole: a change of the project, the words of the call, and the item that must show it.

    `outcome` and `says` are what the verdict must say of that item, `holds` what a hold must say.
    `environment` is set for the run. `thorough` holes are further members of a class that another
    hole stands for.
    """

    name: str
    words: tuple[str, ...] = ()
    change: Change | None = None
    item: str = "sign-in"
    outcome: str = "not proven"
    says: str = ""
    holds: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    thorough: bool = False


def body(*lines: str) -> Change:
    """Lines before the sign-in check's own."""
    return swap(BODY, "\n".join([*(f"    {line}" for line in lines), BODY]))


def mark(text: str) -> Change:
    """A mark on the sign-in check."""
    return swap("def test_people", f"@pytest.mark.{text}\ndef test_people")


def swap(old: str, new: str) -> Change:
    """Another text in the file of the sign-in check."""
    return lambda toy: toy.replace(SIGN_IN, old, new)


def wants(fixture: str, *lines: str) -> Change:
    """The sign-in check wants a fixture, and this is its body."""
    text = "\n    ".join(["import pytest\n@pytest.fixture", f"def {fixture}():", *lines]).replace(
        "fixture\n    def", "fixture\ndef"
    )
    return both(swap("(recorder)", f"(recorder, {fixture})"), file("smoke/conftest.py", text))


def file(name: str, text: str) -> Change:
    """One more file, or another text for one."""
    return lambda toy: toy.write(name, text)


def both(*changes: Change) -> Change:
    def change(toy: Toy) -> None:
        for one in changes:
            one(toy)

    return change


def without_checks(toy: Toy) -> None:
    """A suite folder with nothing in it."""
    for path in (toy.folder / "smoke").glob("*.py"):
        path.unlink()


def documents_fail(toy: Toy) -> None:
    """The first check of all fails."""
    toy.replace("smoke/test_documents.py", "    recorder", "    assert False\n    recorder")


RERUN_ONCE = (
    "import pathlib",
    "once = pathlib.Path('once')",
    "if not once.exists():",
    "    once.touch()",
    "    assert False, 'the first try'",
)
MISSING_IMPORT = (
    "import no_such_module\nimport pytest\npytestmark = pytest.mark.plan('sign-in')\ndef"
    " test_it(recorder): ...\n"
)
SWALLOW = """
import pytest
@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.when == "call":
        report.outcome, report.longrepr = "passed", None
"""
DROP = (
    "def pytest_collection_modifyitems(items):\n    items[:] = [i for i in items if 'sign' not in"
    " i.name]\n"
)
NOBODY_DECLARED = (
    "from cutover_gates.hospital import Unsupported",
    "raise Unsupported('sign_in', 'says the check')",
)
TWO_FILES = ("smoke/test_sign_in.py", "smoke/test_documents.py")
FOUND = "smoke/test_patients.py::test_a_patient_is_found"
PLAIN = "smoke/test_patients.py::test_a_patient_is_registered[plain]"

DID_NOT_JUDGE = [
    Hole("skip in the body", change=body("pytest.skip('no time')"), says="skipped: no time"),
    Hole("skip mark", change=mark("skip(reason='later')"), says="skipped: later", thorough=True),
    Hole(
        "skipif mark",
        change=mark("skipif(True, reason='here')"),
        says="skipped: here",
        thorough=True,
    ),
    Hole(
        "skip of a whole module",
        change=swap(
            "import pytest", "import pytest\npytest.skip('all of it', allow_module_level=True)"
        ),
    ),
    Hole(
        "a module that is not there",
        change=swap("import pytest", "import pytest\npytest.importorskip('no_such_module')"),
        thorough=True,
    ),
    Hole(
        "skip in a fixture",
        change=wants("absent", "pytest.skip('absent')"),
        says="skipped: absent",
        thorough=True,
    ),
    Hole("xfail that fails", change=both(mark("xfail"), body("assert 1 == 2")), says="xfail"),
    Hole("xfail that passes", change=mark("xfail(strict=False)"), says="xfail"),
    Hole(
        "strict xfail that passes",
        change=mark("xfail(strict=True)"),
        outcome="failed",
        thorough=True,
    ),
    Hole("xfail in the body", change=body("pytest.xfail('known')"), says="xfail", thorough=True),
    Hole(
        "empty parameter set",
        change=mark("parametrize('recorder', [], indirect=True)"),
        says="skipped",
    ),
    Hole("no evidence", change=swap(BODY, "    assert recorder"), says="without any evidence"),
    Hole("pass on a rerun", ("--reruns", "2"), body(*RERUN_ONCE), says="retry"),
    Hole(
        "pass on a rerun, marked",
        change=both(mark("flaky(reruns=2)"), body(*RERUN_ONCE)),
        says="retry",
        thorough=True,
    ),
    Hole(
        "failure that a hook turns into a pass",
        change=both(body("assert False"), file("smoke/conftest.py", SWALLOW)),
        says="raised",
    ),
    Hole(
        "something that could not be seen",
        change=body(
            "from cutover_gates.core.evidence.assessment import NotProven",
            "raise NotProven('half was not read')",
        ),
        says="half was not read",
    ),
    Hole(
        "not offered, which nobody declared",
        change=body(*NOBODY_DECLARED),
        says="capabilities] does not declare",
    ),
    Hole("leaving the session with status 0", change=body("pytest.exit('done', returncode=0)")),
    Hole("system exit 0", change=body("raise SystemExit(0)"), outcome="error", thorough=True),
]

BROKE = [
    Hole(
        "failure",
        change=body("assert 1 == 2, 'one is not two'"),
        outcome="failed",
        says="one is not two",
    ),
    Hole(
        "broken check",
        change=body("{}['missing']"),
        outcome="error",
        says="KeyError",
        thorough=True,
    ),
    Hole(
        "fixture error",
        change=wants("broken", "raise OSError('no disk')"),
        outcome="error",
        says="no disk",
    ),
    Hole(
        "unknown fixture",
        change=swap("(recorder)", "(recorder, nowhere)"),
        outcome="error",
        says="nowhere",
        thorough=True,
    ),
    Hole(
        "teardown error",
        change=wants("leaky", "yield", "raise OSError('no end')"),
        outcome="error",
        says="no end",
    ),
    Hole(
        "time-out",
        ("--timeout", "1"),
        body("import time", "time.sleep(30)"),
        says="Timeout",
    ),
    Hole(
        "import error", change=file(SIGN_IN, MISSING_IMPORT), outcome="error", says="no_such_module"
    ),
    Hole("syntax error", change=file(SIGN_IN, "def test_it(:\n"), thorough=True),
    Hole("unknown marker", change=mark("slow"), outcome="error", says="slow"),
    Hole("interrupted", change=body("raise KeyboardInterrupt")),
]

LEFT_OUT = [
    Hole("-k", ("-k", "patient"), says="deselected"),
    Hole(
        "--deselect",
        ("--deselect", f"{SIGN_IN}::test_people_sign_in"),
        says="deselected",
        thorough=True,
    ),
    Hole("a path", ("smoke/test_patients.py",), says="was not collected"),
    Hole("one check of two", (*TWO_FILES, FOUND), item="patients", says="narrowed"),
    Hole(
        "one parameter of two",
        (*TWO_FILES, PLAIN, FOUND),
        item="patients",
        says="narrowed",
        thorough=True,
    ),
    Hole("--ignore", ("--ignore", SIGN_IN), says="was not collected"),
    Hole("--ignore-glob", ("--ignore-glob", "*sign*"), says="was not collected", thorough=True),
    Hole(
        "collect_ignore",
        change=file("smoke/conftest.py", "collect_ignore = ['test_sign_in.py']\n"),
        says="was not collected",
        thorough=True,
    ),
    Hole("other file names", ("-o", "python_files=test_p*.py"), says="was not collected"),
    Hole(
        "other function names",
        ("-o", "python_functions=test_a*"),
        says="was not collected",
        thorough=True,
    ),
    Hole("a hook that drops checks", change=file("smoke/conftest.py", DROP), says="left out"),
    Hole("nothing collected", change=without_checks, says="no check proves it"),
    Hole("-x after a failure", ("-x",), documents_fail, says="never started"),
    Hole("--maxfail", ("--maxfail", "1"), documents_fail, says="never started", thorough=True),
    Hole("--setup-only", ("--setup-only",), says="did not come to its end"),
    Hole("--setup-plan", ("--setup-plan",), says="did not come to its end", thorough=True),
    Hole(
        "pytest-timeout switched off",
        ("-p", "no:timeout"),
        lambda toy: toy.replace("pyproject.toml", "timeout = 20", ""),
        outcome="passed",
    ),
]

IN_WORKERS = [
    Hole(
        "a worker that crashes",
        ("-n", "2"),
        body("import os", "os.kill(os.getpid(), 9)"),
        outcome="error",
        says="crashed",
    ),
    Hole(
        "skip under xdist",
        ("-n", "2"),
        body("pytest.skip('no time')"),
        says="skipped: no time",
        thorough=True,
    ),
    Hole("-k under xdist", ("-n", "2", "-k", "patient"), says="deselected", thorough=True),
    Hole(
        "rerun under xdist",
        ("-n", "2", "--reruns", "2"),
        body(*RERUN_ONCE),
        says="retry",
        thorough=True,
    ),
    Hole(
        "import error under xdist",
        ("-n", "2"),
        file(SIGN_IN, MISSING_IMPORT),
        outcome="error",
        says="no_such_module",
        thorough=True,
    ),
]

HOLES = DID_NOT_JUDGE + BROKE + LEFT_OUT + IN_WORKERS

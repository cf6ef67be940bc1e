"""The gate around its checks, through a real pytest process.

These tests are about where it runs, what it leaves, and how it ends.
"""

from __future__ import annotations

import socket
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.calibration import scale_seconds
from tests.gate.holes.catalogue import SIGN_IN, body, documents_fail
from tests.gate.holes.toy_project import PASSWORD, GateResult, Toy
from tests.selection import further

ONE_REQUEST_SECONDS = 4.0
"""Seconds that a target has for an answer, by default."""
SLACK_SECONDS = 3.0
WAIVER = """
[[waiver]]
item = "{item}"
target = "toy"
release = "{release}"
by = "Ada Example"
at = {at}
reason = "the old system keeps the documents for a week"
expires = {expires}
"""


@pytest.mark.parametrize(
    "words",
    [
        further(["-n", "0"]),
        ["-n", "2"],
        further(["-p", "no:randomly"]),
        ["-p", "randomly", "-p", "no:cacheprovider"],
    ],
    ids=" ".join,
)
def test_the_verdict_does_not_depend_on_how_checks_are_run(toy: Toy, words: list[str]) -> None:
    """One process or two, shuffled or not: the same items, outcomes, checks and reasons."""
    toy.replace(
        "smoke/test_documents.py", "    recorder", "    assert False, 'no disk'\n    recorder"
    )
    ran = toy.gate(*words)
    found = {
        item["id"]: (
            item["outcome"],
            item["why"],
            sorted(check["check"] for check in item["checks"]),
        )
        for item in ran.verdicts["phase3"]["items"]
    }
    patients = [
        "smoke/test_patients.py::test_a_patient_is_found",
        "smoke/test_patients.py::test_a_patient_is_registered[long]",
        "smoke/test_patients.py::test_a_patient_is_registered[plain]",
    ]
    assert {name: (outcome, checks) for name, (outcome, _, checks) in found.items()} == {
        "sign-in": ("passed", ["smoke/test_sign_in.py::test_people_sign_in"]),
        "patients": ("passed", patients),
        "documents": ("failed", ["smoke/test_documents.py::test_a_document_is_filed"]),
    }
    assert "no disk" in found["documents"][1]


@pytest.mark.parametrize("where", [further("smoke"), "elsewhere"])
def test_a_gate_judges_the_whole_plan_from_any_directory(
    toy: Toy, tmp_path_factory: pytest.TempPathFactory, where: str
) -> None:
    """In a folder of the project no path is needed; from outside, the project's path is."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    ran = (
        toy.run("-m", "phase3", cwd=toy.folder / "smoke")
        if where == "smoke"
        else toy.run(str(toy.folder), "-m", "phase3", cwd=elsewhere)
    )
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output


def test_checks_that_a_run_would_miss_stop_it(toy: Toy) -> None:
    """Beside the settings, with pytest's root folder elsewhere: GO would not be theirs."""
    toy.write("inner/cutover.toml", (toy.folder / "cutover.toml").read_text(encoding="utf-8"))
    toy.write("inner/smoke/test_more.py", "def test_more(): ...")
    for words, says in (
        ([], "may both be meant"),
        (["--cutover-config=cutover.toml"], f"{toy.folder}/inner/smoke holds checks"),
    ):
        ran = toy.run("-m", "phase3", *words, cwd=toy.folder / "inner")
        assert (ran.status, ran.verdicts) == (4, {}), ran.output
        assert says in ran.output
        assert "Traceback" not in ran.output


def test_each_judged_gate_has_a_verdict_of_its_own(toy: Toy) -> None:
    """`phase3 or nightly` asks twice: the worse answer is the exit status, and both are written."""
    documents_fail(toy)
    ran = toy.run("-m", "phase3 or nightly")
    assert ({gate: found["verdict"] for gate, found in ran.verdicts.items()}, ran.status) == (
        {"phase3": "NO-GO", "nightly": "GO"},
        1,
    )
    assert len(list(toy.folder.glob("reports/runs/2*/junit.xml"))) == 2


def test_without_a_gate_pytest_behaves_as_ever(toy: Toy) -> None:
    """Someone works on one check: no verdict, no report, pytest's own status."""
    ran = toy.run("smoke/test_sign_in.py", "-k", "people")
    assert (ran.status, ran.verdicts) == (0, {})
    assert "1 passed" in ran.output


def test_a_check_of_an_unknown_item_is_a_collection_error_that_suggests_the_nearest(
    toy: Toy,
) -> None:
    """A misspelt id would leave its item without proof in silence."""
    toy.replace(SIGN_IN, '"sign-in"', '"sing-in"')
    ran = toy.run("smoke")
    assert ran.status == 2
    assert "no item 'sing-in'" in ran.output
    assert "Did you mean 'sign-in'?" in ran.output


def test_a_check_of_no_item_is_a_collection_error(toy: Toy) -> None:
    """A check that proves nothing is not run in a gate, and nobody would notice."""
    toy.replace(SIGN_IN, 'pytestmark = pytest.mark.plan("sign-in")', "")
    ran = toy.run("smoke")
    assert ran.status == 2
    assert "names no item of the plan" in ran.output


# ── waivers ──


TODAY = datetime.now(UTC).date()
TOMORROW = str(TODAY + timedelta(days=1))


def failing(toy: Toy, item: str, release: str = "1.0", expires: str = TOMORROW) -> None:
    """The documents check fails, and a waiver is written."""
    toy.replace(
        "smoke/test_documents.py",
        "    recorder",
        "    recorder.observe('tried', it=True)\n    assert False, 'no disk'\n    recorder",
    )
    toy.write(
        "waivers.toml",
        WAIVER.format(item=item, release=release, at=TODAY - timedelta(days=1), expires=expires),
    )


def test_a_waived_item_is_a_go_with_waivers_and_its_check_still_runs(toy: Toy) -> None:
    """Status 0, the waiver's name in the verdict, and the check's own outcome beside it."""
    failing(toy, "documents")
    ran = toy.gate()
    assert (ran.verdict, ran.status, ran.outcome("documents")) == (
        "GO WITH WAIVERS",
        0,
        "waived",
    ), ran.output
    assert "no disk" in ran.why("documents")
    assert "Ada Example" in ran.output


@pytest.mark.parametrize(
    ("item", "release", "expires", "says"),
    [
        ("documents", "1.0", "2020-02-01", "it expired"),
        further("documents", "0.9", TOMORROW, "it is for release 0.9"),
        ("sign-in", "1.0", TOMORROW, "not waivable"),
        further("documets", "1.0", TOMORROW, "did you mean 'documents'?"),
    ],
)
def test_a_waiver_that_does_not_count_is_refused_and_named(
    toy: Toy, item: str, release: str, expires: str, says: str
) -> None:
    """NO-GO, and the captain reads which waiver did not count and why."""
    failing(toy, item, release, expires)
    ran = toy.gate()
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert any(says in refused["why"] for refused in ran.verdicts["phase3"]["refused"]), (
        ran.verdicts["phase3"]["refused"]
    )


def test_an_unreadable_waiver_file_stops_the_run_with_one_sentence(toy: Toy) -> None:
    """A user's own mistake: status 4, what to write, no traceback."""
    toy.write("waivers.toml", "[[waiver]]\nitem = 'documents'\n")
    ran = toy.gate()
    assert ran.status == 4
    assert "waivers.toml, waiver 1: 'target' is missing" in ran.output
    assert "Traceback" not in ran.output


# ── findings ──

BREACH = (
    "from cutover_gates.core.findings import THIS_CHECK, Finding, FindingsError, Rule",
    "own = Finding(THIS_CHECK, 'family_name', 'Muster', f'{PASSWORD}')",
    "rule = Rule('DATA-001', 'Every foreign key refers to an existing row')",
    "raise FindingsError(own, Finding(rule, 'visits', '0 orphan rows', '12 rows', count=12))",
)
GAP = (
    "from cutover_gates.core.findings import Finding, NotProven, Rule",
    "rule = Rule('DATA-001', 'Every foreign key refers to an existing row')",
    "raise NotProven(gaps=(Finding(rule, 'visits', '', 'the table is locked'),))",
)


@pytest.mark.parametrize("words", [further([]), ["-n", "2"]], ids=["one process", "two"])
def test_the_findings_of_a_check_arrive_in_the_verdict(toy: Toy, words: list[str]) -> None:
    """With their rules; the check is its own rule, and its docstring says what must hold."""
    docstring = "'''People sign in. Else nobody can work.'''"
    secret = f"PASSWORD = '{PASSWORD}'"
    body(docstring, secret, *BREACH)(toy)
    check = first_check(toy.gate(*words), "sign-in")
    assert check["title"] == "People sign in"
    assert [
        (found["rule"], found["title"], found["subject"], found["expected"], found["count"])
        for found in check["findings"]
    ] == [
        (f"{SIGN_IN}::test_people_sign_in", "People sign in", "family_name", "Muster", 1),
        ("DATA-001", "Every foreign key refers to an existing row", "visits", "0 orphan rows", 12),
    ]
    assert check["findings"][0]["actual"] == "‹password of clinician›"


def test_the_gaps_of_a_check_arrive_in_the_verdict(toy: Toy) -> None:
    """What could not be proven, with the reason."""
    body(*GAP)(toy)
    ran = toy.gate()
    check = first_check(ran, "sign-in")
    assert ran.outcome("sign-in") == "not proven"
    assert [(found["rule"], found["subject"], found["actual"]) for found in check["findings"]] == [
        ("DATA-001", "visits", "the table is locked")
    ]


def first_check(ran: GateResult, item: str) -> dict[str, Any]:
    """Return the first check of an item in the verdict."""
    items = ran.verdicts["phase3"]["items"]
    (found,) = [one for one in items if one["id"] == item]
    check: dict[str, Any] = found["checks"][0]
    return check


# ── secrets ──


def test_a_secret_in_a_failure_is_masked_everywhere(toy: Toy) -> None:
    """JUnit, Allure, page and terminal hold the name of the secret, not the secret.

    It stands in the assertion's text, in captured output and in the traceback.
    """
    body(f"print('using {PASSWORD}')", f"assert 'x' == '{PASSWORD}', 'sent {PASSWORD}'")(toy)
    ran = toy.gate("--tb=long", "-v")
    assert (ran.verdict, ran.status) == ("NO-GO", 1)
    outputs = [path for path in toy.folder.glob("reports/**/*") if path.is_file()]
    assert outputs
    assert not [path.name for path in outputs if PASSWORD.encode() in path.read_bytes()]
    assert "‹password of clinician›" in ran.why("sign-in")


@pytest.mark.parametrize("words", [further([]), ["-n", "2"]], ids=["one process", "two"])
def test_a_secret_in_an_output_is_no_go(toy: Toy, words: list[str]) -> None:
    """The search through the outputs finds it, also one that only a worker has learnt."""
    toy.replace(SIGN_IN, "(recorder)", "(recorder, redactor)")
    body(
        "import pathlib",
        "redactor.learn('a token', 'tok-0123456789')",
        "folder = next(pathlib.Path('reports/runs').glob('2*'))",
        "folder.joinpath('notes.txt').write_text('tok-0123456789')",
    )(toy)
    ran = toy.gate(*words)
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert any(
        "notes.txt holds a secret (a token)" in hold for hold in ran.verdicts["phase3"]["holds"]
    )


@pytest.mark.parametrize("words", [further([]), ["-n", "2"]], ids=["one process", "two"])
def test_what_travels_on_a_report_reaches_no_output(toy: Toy, words: list[str]) -> None:
    """A check's outcome holds the secrets that its process has learnt: JUnit would print them."""
    toy.replace(SIGN_IN, "(recorder)", "(recorder, redactor, record_property)")
    body("redactor.learn('a token', 'tok-0123456789')", "record_property('ours', 'kept')")(toy)
    ran = toy.gate(*words)
    assert (ran.verdict, ran.status) == ("GO", 0), ran.output
    (junit,) = toy.folder.glob("reports/runs/2*/junit.xml")
    text = junit.read_text(encoding="utf-8")
    assert 'name="ours" value="kept"' in text
    assert "cutover-outcome" not in text
    assert "tok-0123456789" not in text


def test_without_a_gate_nothing_travels(toy: Toy) -> None:
    """Nobody would take it off the report."""
    toy.replace(SIGN_IN, "(recorder)", "(recorder, redactor)")
    body("redactor.learn('a token', 'tok-0123456789')")(toy)
    toy.run("smoke/test_sign_in.py", "--junitxml=junit.xml")
    text = (toy.folder / "junit.xml").read_text(encoding="utf-8")
    assert "test_people_sign_in" in text
    assert "tok-0123456789" not in text


# ── ends ──


def test_a_killed_run_leaves_a_no_go(toy: Toy) -> None:
    """After `kill -9` during the run its verdict says that the run did not come to its end."""
    body("import pathlib, time", "pathlib.Path('running').touch()", "time.sleep(30)")(toy)
    process = toy.start("-m", "phase3")
    _until(toy.folder / "running")
    process.kill()
    process.communicate()
    (verdict,) = toy.verdicts().values()
    assert (verdict["verdict"], verdict["holds"]) == ("NO-GO", ["the run did not come to its end"])


def test_an_interrupted_run_is_no_go(toy: Toy) -> None:
    """Ctrl-C ends in a verdict, too."""
    body("import pathlib, time", "pathlib.Path('running').touch()", "time.sleep(30)")(toy)
    process = toy.start("-m", "phase3")
    _until(toy.folder / "running")
    process.send_signal(2)
    output, _ = process.communicate(timeout=20)
    assert process.returncode == 2
    assert "NO-GO" in output


def _time_gate(toy: Toy, url: str, says: str) -> float:
    """Return the seconds of a gate against a dead target, which must say why it is NO-GO."""
    toy.replace("cutover.toml", toy.url, url)
    started = time.monotonic()
    ran = toy.gate()
    seconds = time.monotonic() - started
    assert (ran.verdict, ran.status) == ("NO-GO", 1), ran.output
    assert any(says in hold for hold in ran.verdicts["phase3"]["holds"])
    toy.replace("cutover.toml", url, toy.url)
    return seconds


def test_a_dead_target_gives_its_no_go_within_ten_seconds(toy: Toy) -> None:
    """No check is even started, where nothing listens or nothing answers.

    A silent target costs one request's time more, as measured beside the other on this machine.
    """
    with socket.socket() as dead:
        dead.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{dead.getsockname()[1]}"
        refused = _time_gate(toy, url, "does not answer")
        assert refused < scale_seconds(10)
        dead.listen(64)
        silent = _time_gate(toy, url, "answers nothing")
    assert silent - refused < ONE_REQUEST_SECONDS + SLACK_SECONDS


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--target", "tyo"], "Did you mean 'toy'?"),
        (["--cutover-config", "nowhere.toml"], "there is no such file"),
    ],
)
def test_a_mistake_in_the_call_is_one_sentence(toy: Toy, words: list[str], says: str) -> None:
    """Status 4, and what to write instead."""
    ran = toy.gate(*words)
    assert ran.status == 4
    assert says in ran.output
    assert "Traceback" not in ran.output


def test_a_missing_password_is_said_before_anything_runs(toy: Toy) -> None:
    """The message names the variable, the status is that of a wrong call, and a verdict is left."""
    ran = toy.gate(CUTOVER_TARGETS__TOY__USERS__CLINICIAN__PASSWORD="")
    assert ran.status == 4
    assert "CUTOVER_TARGETS__TOY__USERS__CLINICIAN__PASSWORD" in ran.output
    assert ran.verdict == "NO-GO"


def _until(path: Path, seconds: float = 20) -> None:
    """Wait for a file to appear; say what is there when it does not."""
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, (
            f"{path.name} did not appear; there is"
            f" {sorted(found.name for found in path.parent.iterdir())}"
        )
        time.sleep(0.02)

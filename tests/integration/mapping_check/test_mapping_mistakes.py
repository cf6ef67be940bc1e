"""A mistake in a mapping is diagnosed with its line: no traceback, and no verdict of the target."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from cutover_gates.drivers.mapping_check.causes import ADVICE, Cause
from cutover_gates.drivers.mapping_check.runner import StepOutcome
from cutover_gates.drivers.rest.vocabulary import OPERATIONS
from cutover_gates.plugin.mapping_check_state import untested_mapping_warning
from tests.faults.hospitals import Hospital
from tests.integration.mapping_check.check_run import (
    MappingCheckResult,
    check_mapping_of,
    run_of,
    settings,
)
from tests.integration.mapping_check.mapping_mistakes import ALL, HERE, Mistake
from tests.integration.mapping_check.response_changing_proxy import (
    Change,
    as_a_page,
    running_proxy,
    with_byte_order_mark,
)
from tests.selection import further
from tests.standins.https_server import authority

WELL = Mistake("none", "", "")


@pytest.mark.parametrize("mistake", ALL, ids=lambda mistake: mistake.name)
def test_the_diagnosis_names_the_line(
    mistake: Mistake, open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first failure, or the refusal to begin, names the file, the line, the key and a cause."""
    told = _told(mistake, open_hospital, folder, capsys)
    assert told.status == mistake.status, told.text
    sentence = told.text
    if mistake.cause is not None:
        diagnosis = told.diagnoses[0]
        sentence = diagnosis.sentence
        assert diagnosis.cause is mistake.cause, told.text
        assert mistake.actual in diagnosis.actual, told.text
        assert mistake.advice in diagnosis.advice, told.text
    assert mistake.says in sentence, told.text
    assert _line(mistake, folder) in sentence, told.text
    assert "\n" not in sentence
    assert "Traceback" not in told.text
    assert not re.search(r"\b(GO|FAILED|finding)\b", told.text), told.text
    assert not [role for role, password in open_hospital.staff.items() if password in told.text]
    assert "eyJ" not in told.text  # so begins every token of this hospital


def test_the_sentences_are_those_of_the_golden_file() -> None:
    """The advice for each cause stands in one file: a change of a sentence is seen here only."""
    golden = Path(__file__).with_name("advice.txt").read_text(encoding="utf-8")
    assert "".join(f"{cause.value}: {ADVICE[cause]}\n" for cause in Cause) == golden


def test_there_are_thirty_and_each_has_a_name_of_its_own() -> None:
    assert len({mistake.name for mistake in ALL}) == len(ALL) >= 30


def test_a_mapping_without_a_mistake_is_walked_to_its_end(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0, one line a step, and nothing of it stays on the target."""
    told = _told(WELL, open_hospital, folder, capsys)
    assert (told.status, told.diagnoses) == (0, []), told.text
    assert "still on the target" not in told.text


@pytest.mark.parametrize("change", [with_byte_order_mark, as_a_page])
def test_json_is_read_however_it_is_dressed(
    change: Change, open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a byte order mark before it, or under the name of a page: nobody could mend that in a
    mapping.
    """
    with running_proxy(open_hospital.url, change) as url:
        assert _walk(WELL, url, folder, capsys).status == 0


def test_what_needs_no_more_than_there_is_goes_on_after_a_stop(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong way to documents keeps nobody from trying visits, and what was made is retired."""
    broken = Mistake(
        "no-documents",
        '[targets.mine.rest.operations.upload]\nmethod = "POST"\npath = "/patients/{{ patient.id'
        ' }}/papers"\nmultipart = { file = "{{ upload }}" }\n',
        "",
    )
    told = _told(broken, open_hospital, folder, capsys)
    assert len(told.diagnoses) == 1
    assert {"discharge", "retire the patient"} <= set(told.titles(StepOutcome.PASSED))
    assert told.titles(StepOutcome.NOT_REACHED)[:2] == ["read the document", "its bytes"]


def test_without_accounts_only_the_doors_are_tried(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A newcomer's first try: url and release.

    It says which account to give next, and is not called well.
    """
    path = folder / "cutover.toml"
    path.write_text(
        f'[targets.mine]\nurl = "{open_hospital.url}"\nrelease = "2.0.0"\n', encoding="utf-8"
    )
    told = check_mapping_of(path, capsys)
    assert (told.status, told.diagnoses) == (1, [])
    assert "sign in as registrar" in told.titles(StepOutcome.LEFT_OUT)


def test_what_is_declared_as_not_offered_is_no_stop(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hospital without documents and without an outsider passes too."""
    papers = "\n".join(
        f'{name} = "papers lie elsewhere"'
        for name in ("upload", "document", "content", "documents_of", "retire_document")
    )
    less = Mistake(
        "less",
        f"[targets.mine.rest.unsupported]\n{papers}\n",
        "",
        head=(
            'url = "{url}"\nrelease = "2.0.0"\nunsupported = { account-outsider = "it has one'
            ' facility only" }'
        ),
    )
    path = folder / "cutover.toml"
    text = settings(less, open_hospital.url)
    path.write_text(
        text.replace(
            "[targets.mine.users.outsider]\nusername = 'outsider'\npassword_file = 'outsider'\n", ""
        ),
        encoding="utf-8",
    )
    told = check_mapping_of(path, capsys)
    assert (told.status, told.diagnoses) == (0, []), told.text
    unsupported = {
        result.step.title: result.note
        for result in told.results
        if result.outcome is StepOutcome.UNSUPPORTED
    }
    assert unsupported["sign in as outsider"] == "it has one facility only"
    assert unsupported["its bytes"] == "it needs: file a document"


FEW = ("register", "upload")


@pytest.mark.parametrize(
    "operation", [name if name in FEW else further(name) for name in OPERATIONS]
)
def test_each_operation_may_be_declared_missing(
    operation: str, open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What needs it is not offered either, and all else is tried: nothing is a stop."""
    fact = 'value = false, reason = "it has none", by = "the tests", at = 2026-11-30'
    less = Mistake(
        "less",
        ""
        if operation == "retire_visit"
        else '[targets.mine.rest.unsupported]\nretire_visit = "a visit goes with its patient"\n',
        "",
        head=(
            f'url = "{{url}}"\nrelease = "2.0.0"\n[targets.mine.capabilities]\n{operation} = {{'
            f" {fact} }}"
        ),
    )
    told = _told(less, open_hospital, folder, capsys)
    assert (told.status, told.diagnoses) == (0, []), told.text
    assert not told.titles(StepOutcome.LEFT_OUT)
    assert not told.titles(StepOutcome.NOT_REACHED)
    assert told.titles(StepOutcome.UNSUPPORTED)


def test_production_is_walked_like_any_other(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check writes only to patients that it registered itself."""
    told = _told(
        Mistake("production", "", "", head='url = "{url}"\nrelease = "2.0.0"\nproduction = true'),
        open_hospital,
        folder,
        capsys,
    )
    assert (told.status, told.diagnoses) == (0, []), told.text


def test_it_runs_no_gate(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "cutover.toml"
    path.write_text(settings(WELL, open_hospital.url), encoding="utf-8")
    told = check_mapping_of(path, capsys, markexpr="phase3")
    assert told.status == 4
    assert (
        told.text
        == "--check-mapping runs no gate: leave -m phase3 out, or leave --check-mapping out"
    )


def test_a_gate_warns_of_a_mapping_that_has_not_passed(
    open_hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A line that is changed after the check has not been checked."""
    _told(WELL, open_hospital, folder, capsys)
    assert not untested_mapping_warning(run_of(folder / "cutover.toml"))
    changed = Mistake("changed", '[targets.mine.rest.answers.patient]\nmrn = "data.number"\n', "")
    (folder / "cutover.toml").write_text(settings(changed, open_hospital.url), encoding="utf-8")
    assert "mine" in untested_mapping_warning(run_of(folder / "cutover.toml"))
    (folder / "cutover.toml").write_text(
        '[targets.mine]\nurl = "http://a.example"\nmapping = "nowhere.toml"\n', encoding="utf-8"
    )
    assert not untested_mapping_warning(run_of(folder / "cutover.toml")), (
        "that it cannot be read is reported already"
    )
    _told(changed, open_hospital, folder, capsys)
    assert untested_mapping_warning(run_of(folder / "cutover.toml")), (
        "a check that failed does not count"
    )


def _told(
    mistake: Mistake, hospital: Hospital, folder: Path, capsys: pytest.CaptureFixture[str]
) -> MappingCheckResult:
    with ExitStack() as stack:
        url = hospital.url
        if mistake.change is not None:
            context = authority(folder).context if mistake.tls else None
            url = stack.enter_context(running_proxy(hospital.url, mistake.change, context))
        return _walk(mistake, url, folder, capsys)


def _walk(
    mistake: Mistake, url: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> MappingCheckResult:
    for role, password in mistake.passwords.items():
        (folder / role).write_text(password, encoding="utf-8")
    if mistake.dialect is not None:
        (folder / "dialect.toml").write_text(mistake.dialect, encoding="utf-8")
    (folder / "cutover.toml").write_text(settings(mistake, url), encoding="utf-8")
    return check_mapping_of(folder / "cutover.toml", capsys)


def _line(mistake: Mistake, folder: Path) -> str:
    """What must be named: the marked line of the settings, or the line that begins so, or a word."""
    lines = (folder / "cutover.toml").read_text(encoding="utf-8").splitlines()
    marked = [
        number
        for number, line in enumerate(lines, 1)
        if line.endswith(HERE) or (mistake.line.startswith("[") and line == mistake.line)
    ]
    return f"cutover.toml, line {marked[0]}: " if marked else mistake.line
